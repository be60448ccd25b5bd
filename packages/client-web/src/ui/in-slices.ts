/** Milliseconds of work after which the page gets a turn: far below the 50 that a person begins to feel. */
const SLICE = 12;

/** Items between looks at the clock. */
const LOOK_EVERY = 32;

/** Visits every item in order, in slices of time between which the page draws and answers. */
export async function inSlices<T>(
  items: Pick<ArrayLike<T>, 'length'> & Readonly<Record<number, T>>,
  visit: (item: T) => void,
): Promise<void> {
  let until = performance.now() + SLICE;
  for (let at = 0; at < items.length; at++) {
    visit(items[at]!);
    if (at % LOOK_EVERY === 0 && performance.now() >= until) {
      await new Promise((resolve) => setTimeout(resolve, 0));
      until = performance.now() + SLICE;
    }
  }
}
