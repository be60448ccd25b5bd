import type { JSX } from 'preact';
import type { Invitation } from '@espalier/core/report';
import { countText, percent, plural } from '../ui/format.js';

/** Shows the facts of the job. */
export function JobHeader({ job }: { readonly job: Invitation }): JSX.Element {
  const { name, classes, numClients, rounds, parameters, targetDensity, graph } = job;
  const network = `${graph.name}, ${countText(parameters)} weights`;
  return (
    <header>
      <h1>{name}</h1>
      <p class="lead">
        {rounds === 0
          ? `${plural(numClients, 'device')} say how well a small network, which tells ${classWords(classes)} apart, does on their images: ${network}. Nothing is trained.`
          : `${plural(numClients, 'device')} train one small network together, which learns to tell ${classWords(classes)} apart: ${network}, of which ${percent(targetDensity)} remain in the end. It takes ${plural(rounds, 'round')}.`}
      </p>
    </header>
  );
}

/** In one plain paragraph, what leaves this device and what does not. */
export function Privacy({ job: { rounds } }: { readonly job: Invitation }): JSX.Element {
  return (
    <section class="card">
      <h2>What leaves this device</h2>
      <p>
        {`Only numbers about the network: ${rounds === 0 ? '' : 'by how much its weights changed while it trained here, '}the mean and
        spread of what its layers put out, how many images you have and how well it did on them; and the name
        that you choose below. `}{' '}
        <strong>Your images, their names and your folders stay in this tab.</strong> Whoever runs the job
        could still draw rough conclusions from such numbers: take part only with images that you would let
        them guess at.
      </p>
    </section>
  );
}

function classWords(classes: readonly string[]): string {
  const shown = classes.slice(0, 10);
  const more = classes.length - shown.length;
  return more > 0
    ? `${shown.join(', ')} and ${more} more`
    : `${shown.slice(0, -1).join(', ')} and ${shown.at(-1) ?? ''}`;
}
