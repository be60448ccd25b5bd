/**
 * `node tools/compare-cifar10.mjs --data <cifar10 folder> [--cells <file>] [--seeds 3]`: runs the cells of
 * docs/results/cifar10-comparison one after another, each a whole run over real sockets, and appends every finished one.
 * Started again, it goes on with what is missing; `--table` prints what is there.
 */
import { appendFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { execFileSync } from 'node:child_process';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { parseArgs } from 'node:util';
import { root } from './workspace.mjs';

const { values: flags } = parseArgs({
  options: {
    data: { type: 'string' },
    cells: { type: 'string', default: join(root, 'docs/results/cifar10-comparison/cells.jsonl') },
    seeds: { type: 'string', default: '3' },
    table: { type: 'boolean', default: false },
  },
});

/** 30 rounds of one local epoch, adjustments every 3 rounds until round 18. */
const SCHEDULE = ['rounds=30', 'pruning.interval=3', 'pruning.stopRound=18'];
const NO_ADJUSTMENTS = ['pruning.interval=0'];

const SPARSE = [
  ['fedtiny uniform', ['pool.allocation=uniform']],
  ['fedtiny erk', ['pool.allocation=erk']],
  ['fedtiny mixed', ['pool.allocation=mixed']],
  ['fedtiny uniform, no selection', ['pool.allocation=uniform', 'pool.selection=first']],
  ['fedtiny uniform, no adjustments', ['pool.allocation=uniform', ...NO_ADJUSTMENTS]],
  ...['random', 'magnitude'].flatMap((criterion) =>
    ['uniform', 'erk'].map((allocation) => [
      `static ${criterion} ${allocation}`,
      ['method=static', `mask.criterion=${criterion}`, `mask.allocation=${allocation}`],
    ]),
  ),
];

const read = () =>
  existsSync(flags.cells)
    ? readFileSync(flags.cells, 'utf8')
        .split('\n')
        .filter(Boolean)
        .map((line) => JSON.parse(line))
    : [];

if (flags.table) printTable();
else runMissing();

function runMissing() {
  mkdirSync(dirname(flags.cells), { recursive: true });
  for (let seed = 1; seed <= Number(flags.seeds); seed++) {
    for (const density of [0.05, 0.02])
      for (const [name, set] of SPARSE)
        runCell({ name, density, seed }, [...set, `targetDensity=${density}`]);
    runCell({ name: 'fedavg', density: 1, seed }, ['method=fedavg', 'targetDensity=1']);
  }
}

function runCell(cell, set) {
  if (
    read().some((done) => done.name === cell.name && done.density === cell.density && done.seed === cell.seed)
  )
    return;
  const runs = mkdtempSync(join(tmpdir(), 'espalier-cell-'));
  const args = [
    join(root, 'packages/cli/dist/main.js'),
    'demo',
    '--job',
    join(root, 'examples/cifar10-fedtiny.yaml'),
    '--data',
    flags.data,
    '--out',
    runs,
    '--format',
    'json',
    '--seed',
    String(cell.seed),
  ];
  const out = execFileSync(
    process.execPath,
    [...args, ...[...SCHEDULE, ...set].flatMap((each) => ['--set', each])],
    { stdio: ['ignore', 'pipe', 'ignore'], maxBuffer: 1 << 26 },
  );
  const { accuracy, density, bytes, macs, peakBytes, seconds, selection } = JSON.parse(out).runs[0].summary;
  const kept = {
    accuracy,
    maskable: density.maskable,
    up: bytes.up,
    down: bytes.down,
    macs: macs.train,
    forwardMacs: macs.forwardPerSample,
    peakBytes,
    seconds,
    chosen: selection?.chosen ?? null,
  };
  appendFileSync(flags.cells, `${JSON.stringify({ ...cell, ...kept })}\n`);
  rmSync(runs, { recursive: true, force: true });
  console.log(
    `${cell.name}, density ${cell.density}, seed ${cell.seed}: ${(100 * accuracy.final).toFixed(1)} %`,
  );
}

function printTable() {
  const groups = groupBy(read(), keyOf);
  console.log(
    '| method | density | seeds | final % | best % | up MB | forward MMACs | train TMACs | seconds |',
  );
  console.log('|---|--:|--:|--:|--:|--:|--:|--:|--:|');
  for (const cells of groups.values()) {
    const mean = (pick) => cells.reduce((sum, cell) => sum + pick(cell), 0) / cells.length;
    const spread = (pick) =>
      Math.sqrt(
        cells.reduce((sum, cell) => sum + (pick(cell) - mean(pick)) ** 2, 0) / Math.max(1, cells.length - 1),
      );
    const accuracy = (kind) =>
      `${(100 * mean((cell) => cell.accuracy[kind])).toFixed(1)}${cells.length > 1 ? ` ± ${(100 * spread((cell) => cell.accuracy[kind])).toFixed(1)}` : ''}`;
    console.log(
      `| ${cells[0].name} | ${cells[0].density} | ${cells.length} | ${accuracy('final')} | ${accuracy('best')} | ${(mean((c) => c.up) / 1e6).toFixed(1)} | ${(mean((c) => c.forwardMacs) / 1e6).toFixed(2)} | ${(mean((c) => c.macs) / 1e12).toFixed(2)} | ${mean((c) => c.seconds).toFixed(0)} |`,
    );
  }
}

function keyOf({ name, density }) {
  return `${density} ${name}`;
}

function groupBy(items, key) {
  const groups = new Map();
  for (const item of items) groups.set(key(item), [...(groups.get(key(item)) ?? []), item]);
  return groups;
}
