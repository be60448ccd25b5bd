/** A field of an object of tfjs, whose backends have no common type for what they compute on. */
function fieldOf(value: unknown, ...path: readonly string[]): unknown {
  return path.reduce<unknown>(
    (inner, key) => (typeof inner === 'object' && inner !== null ? Reflect.get(inner, key) : undefined),
    value,
  );
}

/**
 * Calls back when the device of a tfjs backend is lost: a GPU that was reset, a context that the system took away.
 * @param backend a tfjs backend; those that compute on no device are never lost
 */
export function onDeviceLoss(backend: unknown, lost: (reason: string) => void): void {
  const promised = fieldOf(backend, 'device', 'lost');
  if (promised instanceof Promise) {
    void promised.then((info: unknown) => {
      // Outside the promise, where a throw is an error of the worker.
      const message = fieldOf(info, 'message');
      setTimeout(lost, 0, typeof message === 'string' && message !== '' ? message : 'no reason given');
    });
  }
  const canvas = fieldOf(backend, 'gpgpu', 'gl', 'canvas');
  if (canvas instanceof EventTarget) {
    for (const event of ['contextlost', 'webglcontextlost']) {
      canvas.addEventListener(event, () => {
        lost('its context was taken away');
      });
    }
  }
}
