import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import ts from 'typescript';
import {
  compilerErrors,
  examplesOf,
  excerptsOf,
  generatedOf,
  handWritten,
  listLengthsOf,
  pageText,
  ROOT,
  stepsOf,
} from './support/how-to.js';

const sources = handWritten();

function naming(name: RegExp): readonly string[] {
  return sources.filter(({ text }) => name.test(text)).map(({ path }) => path);
}

const pages = readdirSync(join(ROOT, 'docs/how-to')).filter((page) => /^add-an?-/.test(page));

/** Numbers as the pages spell them. */
const NUMBERS: Readonly<Record<string, number>> = Object.fromEntries(
  'one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen'
    .split(' ')
    .map((word, i) => [word, i + 1]),
);

describe('how to add', () => {
  it.each([
    ['a graph op', 'add-a-graph-op.md', /\bglobalMaxPool\b|PLAIN_OP_GLOBAL_MAX_POOL/, 8],
    ['an engine op', 'add-an-engine-op.md', /\bgatherAdd\b/, 5],
    ['a method', 'add-a-method.md', /\bfedrts\b/, 2],
    ['a criterion', 'add-a-criterion.md', /\bgraspCriterion\b/, 3],
    ['an allocation', 'add-an-allocation.md', /\bpqiAllocation\b/, 3],
    ['a mask rule', 'add-a-mask-rule.md', /\bthompson\b/, 4],
    ['a schedule', 'add-a-schedule.md', /'cosine'|kind: cosine|\bgeometricDensity\b/, 8],
    ['a quantiser', 'add-a-quantiser.md', /\bpowersOfTwoQuantizer\b/, 3],
    ['a repair', 'add-a-repair.md', /\bobspa\b/, 4],
    ['a partition', 'add-a-partition.md', /quantitySkew|quantity_skew|\bQuantitySkew\b/, 11],
    ['a data format', 'add-a-data-format.md', /\bnpy\b|NPY|Npy/, 15],
    ['a network', 'add-a-network.md', /\bsqueezenet\b/, 4],
    ['a message', 'add-a-message.md', /\brequestMask\b|\brequest_mask\b|\bRequestMask\b/, 13],
    ['an export format', 'add-an-export-format.md', /safetensors/i, 9],
    ['an error code', 'add-an-error-code.md', /'port_in_use'|port_in_use:|## port_in_use/, 6],
    [
      'a trainer',
      'add-a-trainer.md',
      // Where the engine's trainer is made, exported and tested, and the lists that have it beside tfjs.
      new RegExp(
        [
          'function createSparseTrainer',
          'export \\{[^}]*createSparseTrainer(?! as)',
          "trainerContract\\('engine'",
          "BackendName = 'engine'",
          'startEngineThread\\b[^]*createTfjsTrainer|createTfjsTrainer[^]*startEngineThread\\b',
        ].join('|'),
      ),
      6,
    ],
  ])('%s names all files that name the last one added, and no others', (_, page, name, most) => {
    const steps = stepsOf(page);

    expect(steps.toSorted()).toEqual(naming(name).toSorted());
    expect(steps.length).toBeLessThanOrEqual(most);
  });

  it.each(pages)('%s has as many steps as it and CONTRIBUTING.md say', (page) => {
    const contributing = readFileSync(join(ROOT, 'CONTRIBUTING.md'), 'utf8').split('\n');
    const row = contributing.find((line) => line.includes(`(docs/how-to/${page})`)) ?? '';
    const said = [...pageText(page).matchAll(/these\s+(\w+)\s+files/g)].map(([, word = '']) => NUMBERS[word]);
    const most = /(\d+) \| [^|]+ \|$/.exec(row)?.[1];

    expect(said).toEqual(listLengthsOf(page));
    expect(Number(most)).toBe(Math.max(...listLengthsOf(page)));
  });
});

describe.each(pages)('%s', (page) => {
  it('lists generated files that are there, with a command that is', () => {
    for (const { path, command } of generatedOf(page)) {
      expect(existsSync(join(ROOT, path))).toBe(true);
      const tool = /^node (tools\/[\w-]+\.mjs)/.exec(command)?.[1];
      expect(command === 'npm run generate' || (tool && existsSync(join(ROOT, tool)))).toBe(true);
    }
  });

  it('quotes lines that are in the files it names', () => {
    for (const { path, text } of excerptsOf(page)) {
      const lines = readFileSync(join(ROOT, path), 'utf8')
        .split('\n')
        .map((line) => line.trim());
      const quoted = text.split('\n').map((line) => line.trim());
      expect(quoted.filter((line) => line !== '…' && !lines.includes(line))).toEqual([]);
    }
  });

  it('links to files that are there', () => {
    const links = [...pageText(page).matchAll(/\]\(([^)#:]+)(?:#[^)]*)?\)/g)].map(([, link = '']) => link);
    expect(links.filter((link) => !existsSync(join(ROOT, 'docs/how-to', link)))).toEqual([]);
  });
});

describe('the examples of the pages', () => {
  it('compile where they say they belong', () => {
    const examples = pages.flatMap(examplesOf);
    const wrong = {
      path: 'packages/core/src/criteria/wrong.ts',
      text: "import type { Criterion } from './criterion.js';\nexport const wrong: Criterion = { id: 1 };\n",
    };
    const errors = compilerErrors([...examples, wrong]);

    expect(examples.length).toBeGreaterThanOrEqual(10);
    expect(examples.filter(({ path }) => existsSync(join(ROOT, path)))).toEqual([]);
    expect(errors.get(wrong.path)).toHaveLength(1);
    for (const { path } of examples) expect({ path, errors: errors.get(path) }).toEqual({ path, errors: [] });
  });
});

describe('a registry', () => {
  it.each([
    ['criteria', 'Criterion', 5],
    ['allocation', 'Allocation', 6],
    ['mask-rules', 'MaskRule', 9],
    ['quantization', 'Quantizer', 2],
    ['aggregation', 'Aggregator', 4],
    ['server-optimizer', 'ServerOptimizer', 3],
  ])('of %s lists every %s of its room, so that the contract runs over it', (room, type, least) => {
    const folder = `packages/core/src/${room}/`;
    const inRoom = sources.filter(({ path }) => path.startsWith(folder));
    const made = inRoom.flatMap(({ text }) =>
      [...text.matchAll(new RegExp(`^export const (\\w+): ${type} =`, 'gm'))].map(([, name = '']) => name),
    );
    const registry = inRoom.find(({ path }) => path === `${folder}registry.ts`)?.text ?? '';
    const listed = registry.slice(registry.indexOf('Registry<', registry.indexOf('export const')));

    expect(made.length).toBeGreaterThanOrEqual(least);
    expect(made.filter((name) => !new RegExp(`\\b${name}\\b`).test(listed))).toEqual([]);
  });
});

/** Places of switches on an op whose default does anything but fail to compile. */
function silentDefaults(path: string, text: string): readonly string[] {
  const tree = ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true);
  const found: string[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isSwitchStatement(node) && /(^|\.)op$/.test(node.expression.getText(tree))) {
      const last = node.caseBlock.clauses.find(ts.isDefaultClause);
      const [only, ...others] = last?.statements ?? [];
      const handled = /^(return )?unreachable\(\w+(\.op)?\);$/.test(only?.getText(tree) ?? '');
      if (last && (!handled || others.length > 0))
        found.push(`${path}:${tree.getLineAndCharacterOfPosition(last.getStart(tree)).line + 1}`);
    }
    ts.forEachChild(node, visit);
  };
  visit(tree);
  return found;
}

describe('a switch on an op', () => {
  const withSwitches = sources.filter(
    ({ path, text }) => /\.tsx?$/.test(path) && /switch \([\w.]*op\)/.test(text),
  );

  it('has no default that a new op could fall into unseen', () => {
    expect(withSwitches.length).toBeGreaterThan(5);
    expect(withSwitches.flatMap(({ path, text }) => silentDefaults(path, text))).toEqual([]);
  });

  it('is found where it has one', () => {
    const text = `switch (node.op) {\n  case 'add':\n    break;\n  default:\n    count++;\n}`;
    expect(silentDefaults('example.ts', text)).toEqual(['example.ts:4']);
    expect(silentDefaults('example.ts', text.replace('count++', 'unreachable(node)'))).toEqual([]);
  });
});
