import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { drive } from './drive.js';
import { Timeline } from './timeline.js';
import { WorkMeter } from './work-meter.js';

describe('Timeline', () => {
  it('lets events happen by time, and of equal times in the order of planning', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 5 }), { maxLength: 40 }), (delays) => {
        const timeline = new Timeline();
        const seen: [number, number][] = [];
        delays.forEach((delay, i) => timeline.plan(delay, () => seen.push([delay, i])));
        for (let event = timeline.next(); event !== null; event = timeline.next()) event.happen();
        const expected = delays.map((delay, i): [number, number] => [delay, i]);
        expected.sort(([a, i], [b, j]) => a - b || i - j);
        expect(seen).toEqual(expected);
      }),
    );
  });

  it('leaves out what was cancelled, and stands at the moment of the event', () => {
    const timeline = new Timeline();
    const cancel = timeline.plan(1, () => undefined);
    timeline.plan(2, () => undefined);
    cancel();
    timeline.next();
    expect(timeline.now).toBe(2);
    expect(timeline.next()).toBeNull();
  });
});

describe('drive', () => {
  it('lets real work that ends later come first when its virtual moment is earlier', async () => {
    const timeline = new Timeline();
    const seen: string[] = [];
    let finish: (value: unknown) => void = () => undefined;
    const slow = new Promise((resolve) => (finish = resolve));
    timeline.plan(1, () => seen.push('slow work'), slow);
    timeline.plan(2, () => seen.push('later'));
    setImmediate(() => {
      setImmediate(finish);
    });

    const done = await drive({
      timeline,
      meter: new WorkMeter(),
      computing: () => false,
      ended: () => seen.length === 2,
    });

    expect(done).toBe(true);
    expect(seen).toEqual(['slow work', 'later']);
  });

  it('stands still while urgent work is under way, and says when nothing can happen any more', async () => {
    const timeline = new Timeline();
    const meter = new WorkMeter();
    const seen: string[] = [];
    void meter.track(
      new Promise<void>((resolve) => {
        setImmediate(() => setImmediate(() => setImmediate(() => setImmediate(resolve))));
      }).then(() => {
        seen.push('work');
      }),
    );
    timeline.plan(0, () => seen.push('event'));

    expect(await drive({ timeline, meter, computing: () => false, ended: () => false })).toBe(false);
    expect(seen).toEqual(['work', 'event']);
  });
});
