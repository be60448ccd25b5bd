import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import ts from 'typescript';

const root = join(__dirname, '../..');
const SKIPPED = new Set(['dist', 'node_modules', 'gen']);

/** Files below a folder that are written by hand, as paths from the repository's root. */
function sourcesBelow(folder: string): readonly string[] {
  return readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return SKIPPED.has(entry.name) ? [] : sourcesBelow(path);
    return /\.(tsx?|mjs|proto|json)$/.test(entry.name) ? [relative(root, join(root, path))] : [];
  });
}

const sources = ['packages', 'proto', 'tools'].flatMap(sourcesBelow).map((path) => ({
  path,
  text: readFileSync(join(root, path), 'utf8'),
}));

function naming(name: RegExp): readonly string[] {
  return sources.filter(({ text }) => name.test(text)).map(({ path }) => path);
}

/** The files that a page's numbered steps begin with. */
function stepsOf(page: string): readonly string[] {
  const text = readFileSync(join(root, 'docs/how-to', page), 'utf8');
  return [...text.matchAll(/^\d+\. `([^`]+)`/gm)].map(([, path = '']) => path);
}

describe('how to add', () => {
  it.each([
    ['a graph op', 'add-a-graph-op.md', /\bglobalMaxPool\b|PLAIN_OP_GLOBAL_MAX_POOL/, 8],
    ['an engine op', 'add-an-engine-op.md', /\bgatherAdd\b/, 5],
  ])('%s names all files that name the last one added, and no others', (_, page, name, most) => {
    const steps = stepsOf(page);

    expect(steps.toSorted()).toEqual(naming(name).toSorted());
    expect(steps.length).toBeLessThanOrEqual(most);
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
