import { totalmem } from 'node:os';
import { EspalierError } from '@espalier/core';

type Shape = readonly [number, number, number];

/** Share of this machine's memory, or of its container's, that decoded images may take. */
const SHARE = 0.5;

/** Bytes that Node's buffers hold on every platform. */
const LARGEST_ARRAY = 2 ** 32;

/**
 * Memory for decoded images. The job says how large an image is, so the sum is looked at before it is asked for.
 * @throws EspalierError `invalid_data` when it is more than half of this machine's memory, or than an array may hold.
 */
export function imageMemory(count: number, shape: Shape): Uint8Array {
  return new Uint8Array(checkRoom(count, shape));
}

/** Bytes of that many images. @throws EspalierError as {@link imageMemory} does. */
export function checkRoom(count: number, shape: Shape): number {
  const bytes = count * shape[0] * shape[1] * shape[2];
  const most = Math.min(LARGEST_ARRAY, Math.floor(SHARE * machineMemory()));
  if (bytes <= most) return bytes;
  throw new EspalierError(
    'invalid_data',
    `${count} images of ${shape.join('×')} take ${bytes} bytes, more than the ${most} that this machine spares; lower samplesPerClass or imageSize in the job`,
    { bytes, most },
  );
}

function machineMemory(): number {
  const given = process.constrainedMemory();
  return given > 0 ? Math.min(given, totalmem()) : totalmem();
}
