import { useSignal } from '@preact/signals';
import type { JSX } from 'preact';
import type { Invitation } from '@espalier/core/report';
import { choose } from './model.js';
import { proceduralShare } from './procedural-share.js';

/** The job makes its own images: a tab takes one of their shares. */
export function ProceduralChoice({ job }: { readonly job: Invitation }): JSX.Element {
  const asked = new URLSearchParams(location.search).get('part');
  const named = partNamed(asked, job.numClients);
  const part = useSignal(named ?? anyPart(job.numClients));
  const parts = Array.from({ length: job.numClients }, (_, at) => at);
  const take = (): void => {
    const dataset = proceduralShare(job, part.value);
    if (dataset) {
      void choose({ dataset, part: part.value, chosen: `share ${part.value + 1} of the procedural sample` });
    }
  };
  return (
    <>
      <p>
        This job draws its images by a formula, so nobody needs any of their own. Each client takes another
        share.
      </p>
      {asked !== null && named === null ? (
        <p role="alert">{`The address asks for part ${asked}, but this job has parts 1 to ${job.numClients}. Choose one.`}</p>
      ) : null}
      <div class="fields">
        <label class="field">
          Share
          <select
            value={part.value}
            onChange={({ currentTarget }) => {
              part.value = Number(currentTarget.value);
            }}
          >
            {parts.map((each) => (
              <option key={each} value={each}>{`${each + 1} of ${job.numClients}`}</option>
            ))}
          </select>
        </label>
        <div class="buttons" style={{ alignSelf: 'end' }}>
          <button type="button" onClick={take}>
            Take the procedural sample
          </button>
        </div>
      </div>
    </>
  );
}

/** `?part=2` is the second share; null for one that the job does not have. */
function partNamed(asked: string | null, numClients: number): number | null {
  const part = Number(asked);
  return Number.isSafeInteger(part) && part >= 1 && part <= numClients ? part - 1 : null;
}

/** Drawn, so that guests of one link seldom meet. */
function anyPart(numClients: number): number {
  return (crypto.getRandomValues(new Uint32Array(1))[0] ?? 0) % numClients;
}
