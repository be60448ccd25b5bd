import { existsSync } from 'node:fs';
import { join } from 'node:path';
import Table from 'cli-table3';
import { EspalierError } from '@espalier/core';
import { RUN_FILES, STATE_FILES, StateDatabase, TokenBook } from '@espalier/server';
import type { OutputFormat, Terminal } from '../terminal.js';

/** Makes a token and prints it alone, so that a script can take it. */
export function createToken(run: string, name: string, terminal: Terminal): void {
  withTokens(run, (book) => {
    terminal.out(book.create(name, new Date()));
  });
}

/** Prints every token's id, name and dates. */
export function listTokens(run: string, format: OutputFormat, terminal: Terminal): void {
  withTokens(run, (book) => {
    const tokens = book.list();
    if (format === 'json') {
      terminal.out(JSON.stringify(tokens));
      return;
    }
    const table = new Table({ head: ['id', 'name', 'created', 'revoked'], style: { head: [], border: [] } });
    for (const { id, name, created, revoked } of tokens) table.push([id, name, created, revoked ?? '–']);
    terminal.out(table.toString());
  });
}

/** Revokes a token; a running coordinator sees it at once. */
export function revokeToken(run: string, id: string, terminal: Terminal): void {
  withTokens(run, (book) => {
    book.revoke(id, new Date());
    terminal.note(`token ${id} is revoked`);
  });
}

function withTokens(run: string, action: (book: TokenBook) => void): void {
  const file = join(run, RUN_FILES.state, STATE_FILES.database);
  if (!existsSync(file)) {
    throw new EspalierError('invalid_argument', `${run} has no ${file}: give the folder of a run`, {
      path: run,
    });
  }
  const database = new StateDatabase(file);
  try {
    action(new TokenBook(database));
  } finally {
    database.close();
  }
}
