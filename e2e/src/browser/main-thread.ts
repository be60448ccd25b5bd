import type { Browser, Page } from 'playwright-core';

/** Fields of a Chromium trace event that are read here; times in microseconds. */
interface TraceEvent {
  readonly name: string;
  readonly ph: string;
  readonly pid: number;
  readonly tid: number;
  readonly dur?: number;
  /** Processor time of the thread. */
  readonly tdur?: number;
  readonly args?: {
    readonly name?: string;
    readonly data?: { readonly frames?: readonly { readonly url?: string; readonly processId?: number }[] };
  };
}

/**
 * Watches a page's main thread; the function it returns gives the duration of each task since, in
 * milliseconds of processor time. Wall-clock time would count other work of the machine as the page's. One
 * watch at a time in a browser.
 */
export async function watchMainThread(
  browser: Browser,
  page: Page,
): Promise<() => Promise<readonly number[]>> {
  await browser.startTracing(page, { categories: ['disabled-by-default-devtools.timeline'] });
  return async () => {
    const text = (await browser.stopTracing()).toString('utf8');
    const { traceEvents } = JSON.parse(text) as { readonly traceEvents: readonly TraceEvent[] };
    const processes = traceEvents
      .flatMap(({ args }) => args?.data?.frames ?? [])
      .filter(({ url }) => url === page.url())
      .map(({ processId }) => processId);
    const main = traceEvents.find(
      ({ name, pid, args }) =>
        name === 'thread_name' && args?.name === 'CrRendererMain' && processes.includes(pid),
    );
    const tasks = traceEvents.filter(
      ({ name, ph, pid, tid }) => name === 'RunTask' && ph === 'X' && pid === main?.pid && tid === main.tid,
    );
    if (tasks.length === 0) throw new Error(`the trace has no task of ${page.url()}`);
    // Some tasks lack a processor time, which is never more than the wall-clock time.
    return tasks.map(({ dur = Infinity, tdur = dur }) => tdur / 1000);
  };
}
