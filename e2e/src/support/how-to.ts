import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import ts from 'typescript';

/** The repository's root. */
export const ROOT = join(__dirname, '../../..');

/** A file with its path from the root. */
export interface SourceFile {
  readonly path: string;
  readonly text: string;
}

/** Folders that hold what programs wrote, by name or by path. */
const SKIPPED = new Set(['dist', 'node_modules', 'gen', 'proto/vectors']);

/** Files below a folder that are written by hand, as paths from the repository's root. */
function pathsBelow(folder: string): readonly string[] {
  return readdirSync(join(ROOT, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return SKIPPED.has(path) || SKIPPED.has(entry.name) ? [] : pathsBelow(path);
    return /\.(tsx?|mjs|proto|json)$/.test(entry.name) ? [relative(ROOT, join(ROOT, path))] : [];
  });
}

/** All hand-written code, and the list of error codes, which a new code extends by hand. */
export function handWritten(): readonly SourceFile[] {
  const paths = [...['packages', 'proto', 'tools'].flatMap(pathsBelow), 'docs/errors.md'];
  return paths.map((path) => ({ path, text: readFileSync(join(ROOT, path), 'utf8') }));
}

/** The text of a page of docs/how-to. */
export function pageText(page: string): string {
  return readFileSync(join(ROOT, 'docs/how-to', page), 'utf8');
}

/** The files that a page's numbered steps begin with. */
export function stepsOf(page: string): readonly string[] {
  return [...pageText(page).matchAll(/^\d+\. `([^`]+)`/gm)].map(([, path = '']) => path);
}

/** Lengths of a page's lists of steps, in order. */
export function listLengthsOf(page: string): readonly number[] {
  const numbers = [...pageText(page).matchAll(/^(\d+)\. `/gm)].map(([, number]) => Number(number));
  return numbers.filter((_, i) => (numbers[i + 1] ?? 1) === 1);
}

/** The generated files that a page lists, each with the command that writes it. */
export function generatedOf(page: string): readonly { readonly path: string; readonly command: string }[] {
  const lines = pageText(page).matchAll(/^- `([^`]+)`(?:, `[^`]+`)*: `([^`]+)`/gm);
  return [...lines].map(([, path = '', command = '']) => ({ path, command }));
}

/** Code blocks that begin with `// <marker><path>`, as the file of that path without its first line. */
function blocksOf(page: string, marker: string): readonly SourceFile[] {
  const blocks = pageText(page).matchAll(/^```(?:ts|proto)\n\/\/ (.+)\n([^]*?)^```$/gm);
  return [...blocks].flatMap(([, head = '', text = '']) =>
    head.startsWith(marker) ? [{ path: head.slice(marker.length), text }] : [],
  );
}

/** Examples of a page: whole files that are not there, to be compiled at their path. */
export function examplesOf(page: string): readonly SourceFile[] {
  return blocksOf(page, '').filter(({ path }) => /^(packages|proto)\/\S+\.ts$/.test(path));
}

/** Excerpts of a page: some lines of files that are there. */
export function excerptsOf(page: string): readonly SourceFile[] {
  return blocksOf(page, 'in ');
}

/** Messages of the compiler about files laid over the repository, by their paths; empty lists where all is well. */
export function compilerErrors(files: readonly SourceFile[]): ReadonlyMap<string, readonly string[]> {
  const read = ts.readConfigFile(join(ROOT, 'tsconfig.base.json'), (path) => ts.sys.readFile(path));
  const base = ts.parseJsonConfigFileContent({ ...read.config, files: [] }, ts.sys, ROOT).options;
  const once = { noEmit: true, composite: false, incremental: false, declaration: false };
  const options = { ...base, ...once, types: ['node'] };
  const laid = new Map(files.map(({ path, text }) => [join(ROOT, path), text]));
  const host = ts.createCompilerHost(options);
  host.fileExists = (path) => laid.has(path) || ts.sys.fileExists(path);
  host.readFile = (path) => laid.get(path) ?? ts.sys.readFile(path);
  const program = ts.createProgram([...laid.keys()], options, host);
  return new Map(
    files.map(({ path }) => {
      const file = program.getSourceFile(join(ROOT, path));
      const found = [...program.getSyntacticDiagnostics(file), ...program.getSemanticDiagnostics(file)];
      return [path, found.map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, ' '))];
    }),
  );
}
