import { readdirSync, readFileSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import ts from 'typescript';

/** The source files of a package, and for each the files of the same package that it imports, types included. */
export type FileImports = ReadonlyMap<string, readonly string[]>;

const RESOLUTION: ts.CompilerOptions = {
  module: ts.ModuleKind.NodeNext,
  moduleResolution: ts.ModuleResolutionKind.NodeNext,
  jsx: ts.JsxEmit.ReactJSX,
};

/**
 * Reads every source file below `root`, tests and declaration files left out, and resolves its relative imports as the
 * compiler does. Paths are relative to `root`, with `/` between folders.
 */
export function fileImports(root: string): FileImports {
  const files = readdirSync(root, { recursive: true, encoding: 'utf8' })
    .filter((path) => /\.tsx?$/.test(path) && !/\.(test|d)\.tsx?$/.test(path))
    .map((path) => path.split(sep).join('/'))
    .sort();
  const known = new Set(files);
  const cache = ts.createModuleResolutionCache(root, (path) => path, RESOLUTION);
  const resolve = (from: string, specifier: string): string | null => {
    const found = ts.resolveModuleName(specifier, join(root, from), RESOLUTION, ts.sys, cache);
    const path = found.resolvedModule && relative(root, found.resolvedModule.resolvedFileName);
    const target = path?.split(sep).join('/') ?? null;
    return target !== null && known.has(target) ? target : null;
  };
  return new Map(
    files.map((file) => {
      const { importedFiles } = ts.preProcessFile(readFileSync(join(root, file), 'utf8'), true, true);
      const inside = importedFiles.filter(({ fileName }) => fileName.startsWith('.'));
      return [file, inside.flatMap(({ fileName }) => resolve(file, fileName) ?? [])];
    }),
  );
}
