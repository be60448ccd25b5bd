import { describe, expect, it } from '@jest/globals';
import { espalier } from './support/command.js';

describe('espalier bench server, made small', () => {
  it('runs a job of ready-made updates over sockets and reports figures beside a bare server', async () => {
    const args = ['--clients', '6', '--weights', '9000', '--rounds', '2', '--processes', '1'];
    const { code, out, err } = await espalier(['bench', 'server', ...args, '--format', 'json']);

    expect([code, err]).toEqual([0, expect.stringContaining('6 clients admitted')]);
    const result = JSON.parse(out) as Record<string, number> & {
      ackMs: { p50: number; p99: number };
      reference: Record<string, number>;
      aggregate: { seconds: number; plainPassSeconds: number; ratio: number };
    };
    expect(result).toMatchObject({ clients: 6, rounds: 2 });
    expect(Math.abs(result['weights']! - 9000)).toBeLessThan(800);
    const { updatesPerSecond, megabytesPerSecond, ackMs, reference } = result;
    // An update is its values and little more.
    expect(megabytesPerSecond! / updatesPerSecond!).toBeCloseTo((4 * result['weights']!) / 1e6, 2);
    expect(ackMs.p99).toBeGreaterThanOrEqual(ackMs.p50);
    expect(reference['ratio']).toBeCloseTo(updatesPerSecond! / reference['updatesPerSecond']!, 6);
    expect(result['peakBytes']).toBeGreaterThan(1e7);
    expect(result.aggregate.ratio).toBeCloseTo(
      result.aggregate.seconds / result.aggregate.plainPassSeconds,
      6,
    );
    expect(result['closingSeconds']).toBeGreaterThan(result.aggregate.seconds);
  });

  it.each([
    [['--clients', '0'], 'at least 1'],
    [['--weights', '10'], 'expected at least'],
  ])('refuses %p', async (args, sentence) => {
    const { code, err } = await espalier(['bench', 'server', ...args]);
    expect(code).toBe(2);
    expect(err).toContain(sentence);
  });
});
