import { open, readFile, truncate } from 'node:fs/promises';
import { dirname } from 'node:path';
import { EspalierError } from '@espalier/core';
import { makeFolder, storageError } from '@espalier/disk';
import { cellResultSchema, RESULT_FORMAT, type CellResult } from './cell-result.js';
import { cellId, cellLabel, type Cell } from './grid.js';

/**
 * Finished cells, one a line. A line is there whole and on the disk, or not at all: what a kill cut short is cut off at
 * the next start.
 */
export class CellsFile {
  readonly path: string;
  readonly #results: CellResult[];
  /** The first result of every cell. */
  readonly #byCell = new Map<string, CellResult>();

  private constructor(path: string, results: CellResult[]) {
    this.path = path;
    this.#results = results;
    for (const result of results) this.#index(result);
  }

  /**
   * Reads what is there.
   * @throws EspalierError `invalid_data` for lines of another version of the program, or that are none; `storage`.
   */
  static async open(path: string): Promise<CellsFile> {
    const text = await readIfThere(path);
    const whole = text.lastIndexOf('\n') + 1;
    const lines = text.slice(0, whole).split('\n').filter(Boolean);
    const results = lines.map((line, i) => parseLine(line, `${path}, line ${i + 1}`));
    if (whole < text.length) await cutTo(path, Buffer.byteLength(text.slice(0, whole)));
    return new CellsFile(path, results);
  }

  get results(): readonly CellResult[] {
    return this.#results;
  }

  /**
   * The result of that cell, or null.
   * @throws EspalierError `invalid_data` when the file has one of another run under the cell's name.
   */
  resultOf(cell: Cell): CellResult | null {
    const found = this.#byCell.get(cellId(cell)) ?? null;
    if (found === null || found.cell === null || found.cell === cell.hash) return found;
    throw new EspalierError(
      'invalid_data',
      `${this.path} holds a result of another run under "${cellLabel(cell)}": the grid, or a --set, says something else now; choose another --out, or take the line out`,
      { path: this.path },
    );
  }

  /** Keeps a finished cell: it is on the disk when this resolves. @throws EspalierError `storage`. */
  async append(result: CellResult): Promise<void> {
    await makeFolder(dirname(this.path));
    try {
      const file = await open(this.path, 'a');
      try {
        await file.writeFile(`${JSON.stringify(result)}\n`);
        await file.sync();
      } finally {
        await file.close();
      }
    } catch (error) {
      throw storageError('write', this.path, error);
    }
    this.#results.push(result);
    this.#index(result);
  }

  #index(result: CellResult): void {
    const id = cellId(result);
    if (!this.#byCell.has(id)) this.#byCell.set(id, result);
  }
}

async function readIfThere(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (typeof error === 'object' && error !== null && 'code' in error && error.code === 'ENOENT') return '';
    throw storageError('read', path, error);
  }
}

async function cutTo(path: string, bytes: number): Promise<void> {
  try {
    await truncate(path, bytes);
  } catch (error) {
    throw storageError('write', path, error);
  }
}

function parseLine(line: string, where: string): CellResult {
  let raw: unknown;
  try {
    raw = JSON.parse(line);
  } catch {
    throw new EspalierError(
      'invalid_data',
      `${where} is damaged: it is no JSON; take it out to run the cell again`,
    );
  }
  const parsed = cellResultSchema.safeParse(raw);
  if (parsed.success) return parsed.data;
  const format = typeof raw === 'object' && raw !== null && 'format' in raw ? raw.format : undefined;
  if (format !== undefined && format !== 1 && format !== RESULT_FORMAT) {
    throw new EspalierError(
      'invalid_data',
      `${where} has layout ${JSON.stringify(format)}, this program reads 1 and ${RESULT_FORMAT}: go on with the version that wrote it, or choose another --out`,
    );
  }
  const [issue] = parsed.error.issues;
  throw new EspalierError(
    'invalid_data',
    `${where} is no result of a cell: ${issue?.path.map(String).join('.') ?? ''} ${issue?.message ?? ''}`,
  );
}
