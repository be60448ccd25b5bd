import type { JSX } from 'preact';
import { Masthead } from '../ui/masthead.js';
import { Notice } from '../ui/notice.js';
import { DataCard } from './data-card.js';
import { DeviceCard } from './device-card.js';
import { EndCard } from './end-card.js';
import { JobHeader, Privacy } from './job-header.js';
import { invitation, openSecond, phase, trouble } from './model.js';
import { RunningCard } from './running-card.js';
import { StartCard } from './start-card.js';

/** The page on which a tab takes part in a job. */
export function JoinPage(): JSX.Element {
  return (
    <main class="page narrow">
      <Masthead here="join" />
      {invitation.value && <JobHeader job={invitation.value} />}
      <Body />
    </main>
  );
}

function Body(): JSX.Element {
  const job = invitation.value;
  switch (phase.value) {
    case 'loading':
      return <p class="lead">Asking the coordinator what there is to do …</p>;
    case 'unreachable':
    case 'over':
      return (
        <>
          <h1>{phase.value === 'over' ? 'This run has ended' : 'No coordinator here'}</h1>
          <Notice warn={phase.value === 'unreachable'}>
            <p>{trouble.value}</p>
          </Notice>
        </>
      );
    case 'elsewhere':
      return <Elsewhere />;
    case 'choosing':
      return (
        <>
          {job && <Privacy job={job} />}
          <DataCard />
          <DeviceCard />
          <StartCard />
        </>
      );
    case 'running':
    case 'paused':
      return (
        <>
          <RunningCard />
          {job && <Privacy job={job} />}
        </>
      );
    case 'ended':
      return <EndCard />;
  }
}

function Elsewhere(): JSX.Element {
  return (
    <section class="card">
      <h2>Another tab is taking part</h2>
      <p>
        A tab of this browser takes part in this job already. Close this one; or take part here as well, as a
        second client with images of its own.
      </p>
      <div class="buttons">
        <button type="button" onClick={() => void openSecond()}>
          Take part here too
        </button>
      </div>
    </section>
  );
}
