import { useSignal } from '@preact/signals';
import type { JSX } from 'preact';
import { plural } from '../ui/format.js';

/** Images that lie in no folder: the person says what they show. */
export function LooseImages({
  count,
  classes,
  onClass,
}: {
  readonly count: number;
  readonly classes: readonly string[];
  readonly onClass: (label: number) => void;
}): JSX.Element {
  const label = useSignal(0);
  return (
    <div class="fields">
      <label class="field">
        {`${plural(count, 'image')} without a folder. They all show`}
        <select
          value={label.value}
          onChange={({ currentTarget }) => {
            label.value = Number(currentTarget.value);
          }}
        >
          {classes.map((name, at) => (
            <option key={name} value={at}>
              {name}
            </option>
          ))}
        </select>
      </label>
      <div class="buttons" style={{ alignSelf: 'end' }}>
        <button
          type="button"
          onClick={() => {
            onClass(label.value);
          }}
        >
          Use them
        </button>
      </div>
    </div>
  );
}
