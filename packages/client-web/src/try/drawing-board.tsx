import { useEffect, useRef } from 'preact/hooks';
import type { ComponentChildren, JSX } from 'preact';

const SIZE = 192;

/** Handler of a drawing, and content shown beside the board's own button. */
export interface DrawingBoardProps {
  readonly onDrawn: (board: HTMLCanvasElement) => void;
  readonly children: ComponentChildren;
}

/** A square to draw in with a finger, a pen or the mouse: white on black, as digits are kept. */
export function DrawingBoard({ onDrawn, children }: DrawingBoardProps): JSX.Element {
  const place = useRef<HTMLCanvasElement>(null);
  const drawing = useRef(false);
  const clear = (): void => {
    const context = place.current?.getContext('2d');
    if (!context) return;
    context.fillStyle = '#000';
    context.fillRect(0, 0, SIZE, SIZE);
  };
  useEffect(clear, []);
  const at = ({ offsetX, offsetY, currentTarget }: PointerEvent): readonly [number, number] => {
    const scale = currentTarget instanceof HTMLElement ? SIZE / currentTarget.clientWidth : 1;
    return [offsetX * scale, offsetY * scale];
  };
  return (
    <>
      <canvas
        ref={place}
        class="board"
        width={SIZE}
        height={SIZE}
        aria-label="Draw here"
        onPointerDown={(event) => {
          const context = place.current?.getContext('2d');
          if (!context) return;
          drawing.current = true;
          place.current?.setPointerCapture(event.pointerId);
          Object.assign(context, { strokeStyle: '#fff', lineWidth: 16, lineCap: 'round', lineJoin: 'round' });
          context.beginPath();
          context.moveTo(...at(event));
        }}
        onPointerMove={(event) => {
          const context = place.current?.getContext('2d');
          if (!drawing.current || !context) return;
          context.lineTo(...at(event));
          context.stroke();
        }}
        onPointerUp={() => {
          drawing.current = false;
          if (place.current) onDrawn(place.current);
        }}
      />
      <div class="buttons">
        {children}
        <button type="button" class="plain" onClick={clear}>
          Clear the drawing
        </button>
      </div>
    </>
  );
}
