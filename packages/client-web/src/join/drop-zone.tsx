import { useSignal } from '@preact/signals';
import { useRef } from 'preact/hooks';
import type { JSX } from 'preact';
import { hasFolderDialog, pickedFiles, pickFolder, type ImageSource } from './collect-files.js';
import { listed, type FoundFile } from './sort-files.js';

/** Classes that the zone names, and handlers of what is dropped or picked. */
export interface DropZoneProps {
  readonly classes: readonly string[];
  readonly onDrop: (transfer: DataTransfer) => void;
  readonly onPick: (source: ImageSource) => void;
}

/** Zone to drop a folder on; folders and files can be picked with the keyboard too. */
export function DropZone({ classes, onDrop, onPick }: DropZoneProps): JSX.Element {
  const over = useSignal(false);
  return (
    <div
      class={over.value ? 'drop over' : 'drop'}
      onDragOver={(event) => {
        event.preventDefault();
        over.value = true;
      }}
      onDragLeave={() => {
        over.value = false;
      }}
      onDrop={(event) => {
        event.preventDefault();
        over.value = false;
        if (event.dataTransfer) onDrop(event.dataTransfer);
      }}
    >
      <p>
        <strong>Drop a folder here</strong> that holds a folder of images per class
      </p>
      <p class="note">{`named ${listed(classes)}`}</p>
      <div class="buttons">
        <PickButton label="Choose a folder" folder onPick={onPick} />
        <PickButton label="Choose images" folder={false} onPick={onPick} />
      </div>
    </div>
  );
}

/** A button with the platform's file dialog behind it, or the browser's own for folders where it has one. */
function PickButton({
  label,
  folder,
  onPick,
}: {
  readonly label: string;
  readonly folder: boolean;
  readonly onPick: DropZoneProps['onPick'];
}): JSX.Element {
  const input = useRef<HTMLInputElement>(null);
  const ask = async (): Promise<void> => {
    if (!folder || !hasFolderDialog()) input.current?.click();
    else {
      const picked = await pickFolder();
      if (picked) onPick(picked);
    }
  };
  return (
    <>
      <button type="button" onClick={() => void ask()}>
        {label}
      </button>
      <input
        ref={input}
        type="file"
        class="visually-hidden"
        tabIndex={-1}
        aria-label={label}
        multiple
        {...(folder ? { webkitdirectory: true } : { accept: 'image/*' })}
        onChange={({ currentTarget }) => {
          const { files } = currentTarget;
          if (files && files.length > 0) onPick({ kind: 'files', portions: emptied(currentTarget, files) });
        }}
      />
    </>
  );
}

/** The files; the input is emptied after the last, so that the same folder can be chosen again. */
async function* emptied(input: HTMLInputElement, files: FileList): AsyncIterable<readonly FoundFile[]> {
  yield* pickedFiles(files);
  input.value = '';
}
