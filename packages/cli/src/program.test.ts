import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { ERROR_CODES } from '@espalier/core';
import { EXIT, exitCodeOf } from './exit-codes.js';
import { runCommand } from './program.js';
import type { Terminal } from './terminal.js';

/** A terminal that remembers. */
function recorder(): { terminal: Terminal; out: () => string; notes: () => string } {
  const outs: string[] = [];
  const notes: string[] = [];
  const terminal: Terminal = {
    out: (text) => outs.push(text),
    note: (text) => notes.push(text),
    interactive: false,
  };
  return { terminal, out: () => outs.join('\n'), notes: () => notes.join('\n') };
}

describe('the command line', () => {
  it.each<[string[], RegExp]>([
    [['serve'], /--job/],
    [['serve', '--job', 'x', '--port', '70000'], /port from 0 to 65535/],
    [['serve', '--job', 'x', '--public-url', 'train.example'], /https:\/\/train\.example/],
    [
      ['serve', '--job', 'x', '--public-url', 'https://a.example/runs'],
      /without a path .* https:\/\/a\.example/,
    ],
    [['serve', '--job', 'x', '--max-connections', '0'], /at least 1/],
    [['join', 'http://localhost', '--part', '7/3'], /no part 7 of 3.*k\/n/],
    [['join', 'http://localhost', '--part', '0/3'], /no part 0 of 3/],
    [['join', 'http://localhost', '--part', '3'], /k\/n/],
    [['join', 'http://localhost', '--part', '1/3/5'], /k\/n/],
    [['join', 'http://localhost', '--part', '1/99999999999999999999'], /k\/n/],
    [['join', 'http://localhost', '--threads', '0'], /at least 1/],
    [['bench', 'engine', '--batch', '0'], /at least 1/],
    [['bench', 'engine', '--image-size', '0x10'], /at least 1/],
    [['serve', '--job', 'x', '--port', ''], /port from 0 to 65535/],
    [['serve', '--job', 'x', '--seed', ''], /at least 0/],
    [['serve', '--job', 'x', '--max-frames-per-second', '1e3'], /at least 1/],
    [['demo', '--format', 'xml'], /text, json/],
    [['fly'], /unknown command 'fly'/],
    [['bench', 'engine', '--density', '2'], /at most 1/],
  ])('refuses %j with a sentence', async (args, sentence) => {
    const { terminal, notes } = recorder();
    expect(await runCommand(args, terminal)).toBe(EXIT.usage);
    expect(notes()).toMatch(sentence);
  });

  it.each([
    ['demo', '--job', ''],
    ['demo', '--data', ' '],
    ['serve', '--resume', ''],
    ['serve', '--tls-key', ''],
    ['serve', '--job', 'x', '--out', ''],
    ['join', 'http://localhost', '--data', ''],
    ['join', 'http://localhost', '--cache', ''],
    ['simulate', '--job', 'x', '--out', ''],
    ['simulate', '--job', 'x', '--devices', ''],
    ['compare', '--grid', 'x', '--cells', ''],
    ['compress', '--model', '', '--out', 'x'],
    ['compress', '--model', 'x', '--out', 'x', '--with', ''],
    ['export', 'x', '--out', ''],
    ['export', '', '--out', 'x'],
    ['partition', '--job', 'x', '--out', ''],
    ['fetch', 'mnist', '--to', ''],
    ['inspect', ''],
    ['token', 'list', ''],
    ['new', ''],
  ])('refuses the empty path of %j %j %j', async (...args) => {
    const { terminal, notes } = recorder();
    expect(await runCommand(args, terminal)).toBe(EXIT.usage);
    expect(notes()).toContain('it is empty; give a path');
  });

  it('names a file that cannot be read', async () => {
    const { terminal, notes } = recorder();
    expect(await runCommand(['serve', '--job', 'nowhere.yaml'], terminal)).toBe(EXIT.data);
    expect(notes()).toContain('nowhere.yaml');
    expect(await runCommand(['inspect', 'nowhere.espalier'], terminal)).toBe(EXIT.usage);
  });

  it('shows help and its version without an error', async () => {
    const { terminal, out } = recorder();
    expect(await runCommand(['--help'], terminal)).toBe(EXIT.ok);
    expect(await runCommand(['--version'], terminal)).toBe(EXIT.ok);
    for (const command of ['demo', 'serve', 'join', 'inspect', 'doctor', 'bench'])
      expect(out()).toContain(command);
  });

  it('has every exit code of an error in the reference page', () => {
    const page = readFileSync(join(__dirname, '../../../docs/reference/exit-codes.md'), 'utf8');
    const rows = new Map(
      [...page.matchAll(/^\| (\d+) \|[^|]*\|([^|]*)\|/gm)].map((row) => [Number(row[1]), row[2] ?? '']),
    );
    for (const code of ERROR_CODES.filter((each) => exitCodeOf(each) !== EXIT.failed)) {
      expect(rows.get(exitCodeOf(code))).toContain(`\`${code}\``);
    }
    expect([...rows.keys()].sort((a, b) => a - b)).toEqual(Object.values(EXIT).sort((a, b) => a - b));
  });
});
