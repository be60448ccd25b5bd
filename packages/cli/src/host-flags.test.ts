import { describe, expect, it } from '@jest/globals';
import { Command } from 'commander';
import { addHostOptions, announce, limitsOf, type HostFlags } from './host-flags.js';

const served = { url: 'http://0.0.0.0:7464', joinToken: 'join', adminToken: 'admin', folder: 'runs/x' };

/** Flags of a command line that hosts. */
function flagsOf(...args: string[]): HostFlags {
  return addHostOptions(new Command()).parse(args, { from: 'user' }).opts<HostFlags>();
}

/** Returns the announcement of a coordinator with these flags. */
function said(flags: HostFlags, format: 'text' | 'json'): string {
  let text = '';
  const say = (line: string): void => void (text += line);
  announce(served, { ...flags, clients: 3, format }, { out: say, note: say, interactive: false });
  return text;
}

describe('a host with public addresses', () => {
  const flags = flagsOf(
    '--public-url',
    'https://Train.example/',
    'http://lan.example:80',
    '--origin',
    'https://a.b',
  );

  it('is known by all of them', () => {
    expect(flags.publicUrl).toEqual(['https://train.example', 'http://lan.example']);
    expect(limitsOf(flags)).toMatchObject({ publicUrls: flags.publicUrl, origins: ['https://a.b'] });
    expect(limitsOf(flagsOf())).toMatchObject({ publicUrls: [], connections: Infinity });
    expect(limitsOf(flagsOf('--max-connections', '9')).connections).toBe(9);
  });

  it('is shown by the first in links, and by all to programs', () => {
    const text = said(flags, 'text');
    expect(text).toContain('espalier join https://train.example --token join');
    expect(text).toContain('https://train.example/admin/status');
    expect(text).toContain('Listening on http://0.0.0.0:7464');
    expect(JSON.parse(said(flags, 'json'))).toEqual({
      listening: { ...served, publicUrls: flags.publicUrl },
    });
    expect(said(flagsOf(), 'text')).toContain('espalier join http://0.0.0.0:7464 --token join');
  });
});
