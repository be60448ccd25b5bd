import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import ts from 'typescript';

const folder = join(__dirname, '../assembly');
const files = readdirSync(folder).filter((name) => name.endsWith('.ts'));

/** Lines of code from a node's first to its last, without empty lines and comments of a line. */
function codeLines(text: string): number {
  return text.split('\n').filter((line) => /^\s*(?!\/\/)\S/.test(line)).length;
}

/** ESLint cannot read the decorators of AssemblyScript, so the house's limits on files and functions are checked here. */
describe('the kernels', () => {
  const sources = files.map((name) => {
    const text = readFileSync(join(folder, name), 'utf8');
    return { name, text, tree: ts.createSourceFile(name, text, ts.ScriptTarget.Latest, true) };
  });
  const functions = sources.flatMap(({ name, text, tree }) =>
    tree.statements.filter(ts.isFunctionDeclaration).map((one) => ({
      name: `${name}: ${one.name?.text ?? ''}`,
      lines: codeLines(text.slice(one.getStart(tree), one.end)),
    })),
  );

  it('are found', () => {
    expect(functions.map(({ name }) => name)).toContain('sparse.ts: sparseConv');
  });

  it('have functions of at most 60 lines', () => {
    expect(functions.filter(({ lines }) => lines > 60)).toEqual([]);
  });

  it('have files of at most 300 lines', () => {
    const long = sources.map(({ name, text }) => ({ name, lines: text.split('\n').length - 1 }));
    expect(long.filter(({ lines }) => lines > 300)).toEqual([]);
  });
});
