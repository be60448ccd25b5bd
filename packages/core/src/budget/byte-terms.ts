import { riceFormulaBits } from '../coding/rice.js';
import type { Mask } from '../mask/mask.js';
import { momentCount, packedLength } from '../params/pack.js';
import type { ClientRound, CostTerm, LayerChange } from './cost-ledger.js';
import { gradientBytes } from './cost-model.js';
import { modelBytes } from './storage.js';

/**
 * Differences between a round's bytes and the authors' cost model (`analyticRoundBytes`) that follow from the
 * protocol (docs/protocol.md): values travel alone, masks where they changed, gradients as reported,
 * everything in frames.
 */
export const byteTerms: readonly CostTerm[] = [
  {
    id: 'indices',
    label: 'indices',
    sentence:
      'The model counts the indices of the weights with every model, both ways. Both ends have the mask: values travel alone.',
    of: ({ graph, modelled: { mask }, clients }) =>
      2 * clients * (4 * (packedLength(graph, mask) + momentCount(graph)) - modelBytes(graph, mask)),
  },
  {
    id: 'parts',
    label: 'parts of the mask',
    sentence: 'Devices too small for the model get and send the values of their part alone.',
    of: ({ graph, modelled: { mask }, carried, clients }) =>
      2 * 4 * clients * (packedLength(graph, carried) - packedLength(graph, mask)),
  },
  {
    id: 'masks',
    label: 'masks',
    sentence:
      'Whole masks for clients that have none or an old one, and what changed for those that have the one before; indices cost what Rice coding is expected to take, or a bit a weight.',
    of: (round) => round.clients * deliveredBytes(round),
  },
  {
    id: 'gradients',
    label: 'reported gradients',
    sentence:
      'The model counts index and value of the gradients whose weights were exchanged; clients report all that they are asked for, indices coded, and none where they decide on their own.',
    of: (round) =>
      round.clients * (reportedBytes(round) - gradientBytes(round.graph, round.modelled.requests)),
  },
  {
    id: 'ownMasks',
    label: 'own masks',
    sentence: 'Clients that readjust on their own send what changed in their masks.',
    of: ({ clients, ownChanges, carried }) =>
      ownChanges.length === 0 ? 0 : clients * (HASH_BYTES + changesBytes(carried, ownChanges)),
  },
  {
    id: 'moments',
    label: 'moments',
    sentence:
      'The model counts batch-norm moments with every model, both ways. Where clients measure them apart, who is not asked to measure sends none.',
    of: ({ graph, clients, moments }) =>
      moments.kind === 'measured' && moments.samples === 0 ? -4 * clients * momentCount(graph) : 0,
  },
  {
    id: 'messages',
    label: 'messages',
    sentence:
      'What a round’s messages hold beside lists and values (hashes, settings, figures), and their frames with checks.',
    of: (round) => round.clients * messageBytes(round),
  },
];

/** A SHA-256 with its tag and length. */
const HASH_BYTES = 34;

/**
 * Bytes of a message besides lists and values, before framing: the figures of docs/protocol.md, section 8,
 * less one frame.
 */
const HEAD_BYTES = { train: 106, update: 105, measure: 59, measured: 28, accepted: 4 } as const;

/** Transfer id 2, check 10, chunk's tag and length 4, header with length and hash 40; later frames have an index instead. */
const FIRST_FRAME_BYTES = 56;
const LATER_FRAME_BYTES = 18;

/** Bytes of every frame that a sender leaves free for the same purpose. */
const FRAME_RESERVE = 70;

/** Bytes of a layer in a whole mask: size, count, coding and lengths, without its name. */
const LAYER_BYTES = 22;

/**
 * Bytes of a changed layer: its position, and count, coding and length of the dropped and the grown weights.
 */
const CHANGE_BYTES = 15;

/** Bytes of a layer's gradients: the request, position, count, coding and lengths. */
const REPORT_BYTES = 30;

/** Tags, lengths and version of a mask. */
const MASK_BYTES = 6;

/** Bytes of a list of `count` of a layer's weights: 0 for none or all, otherwise by Rice code or bitmap. */
function listBytes(count: number, size: number): number {
  if (count === 0 || count === size) return 0;
  return Math.ceil(Math.min(size, riceFormulaBits(count, size)) / 8);
}

function deliveredBytes({ delivery, carried }: ClientRound): number {
  if (delivery.kind === 'known') return 0;
  if (delivery.kind === 'changes') return changesBytes(carried, delivery.layers);
  const layers = carried.layers.map(
    ({ name, size, active }) => LAYER_BYTES + name.length + listBytes(active.length, size),
  );
  return MASK_BYTES + sum(layers);
}

function changesBytes(mask: Mask, changes: readonly LayerChange[]): number {
  const layers = changes.map(({ layer, dropped, grown }) => {
    const size = mask.layer(layer)?.size ?? 0;
    return CHANGE_BYTES + listBytes(dropped, size) + listBytes(grown, size);
  });
  return MASK_BYTES + HASH_BYTES + sum(layers);
}

function reportedBytes({ asked, carried }: ClientRound): number {
  return sum(
    asked.map(
      ({ layer, count }) => REPORT_BYTES + 4 * count + listBytes(count, carried.layer(layer)?.size ?? 0),
    ),
  );
}

/** Messages of a round, each with its bytes besides lists and values and those of its lists and values. */
function messagesOf(round: ClientRound): readonly (readonly [head: number, content: number])[] {
  const { graph, carried, moments } = round;
  const values = 4 * packedLength(graph, carried);
  const statistics = 4 * momentCount(graph);
  const delivered = deliveredBytes(round);
  const reported = reportedBytes(round);
  const { train, update, measure, measured, accepted } = HEAD_BYTES;
  if (moments.kind === 'training')
    return [
      [train, values + statistics + delivered],
      [update, values + statistics + reported],
      [accepted, 0],
    ];
  const answer = [
    [update, values + reported],
    [accepted, 0],
  ] as const;
  if (moments.samples === 0) return [[train, values + statistics + delivered], ...answer];
  return [
    [measure, values + delivered],
    [measured, statistics],
    [accepted, 0],
    [train, statistics],
    ...answer,
  ];
}

function messageBytes(round: ClientRound): number {
  const framed = (bytes: number): number => {
    const frames = Math.max(1, Math.ceil(bytes / (round.maxFrameBytes - FRAME_RESERVE)));
    return FIRST_FRAME_BYTES + (frames - 1) * LATER_FRAME_BYTES;
  };
  return sum(messagesOf(round).map(([head, content]) => head + framed(head + content)));
}

function sum(values: readonly number[]): number {
  return values.reduce((total, each) => total + each, 0);
}
