/** Ops that move numbers: pooling, copies, reshapes and layout changes. */
import { Copy, Fill, Flatten, Gather, GatherAdd, LoadImages, Pool, PoolGrad, Scatter, ZeroGaps } from './gen/ops';
import { shareStart } from './lanes';

/** Max (kind 0) or average (kind 1) over the real pixels of each window. */
export function pool(op: usize, thread: i32, threads: i32): void {
  const x = load<usize>(op, Pool.x);
  const z = load<usize>(op, Pool.z);
  const kind = load<i32>(op, Pool.kind);
  const channels = load<i32>(op, Pool.channels);
  const inHeight = load<i32>(op, Pool.inHeight);
  const inWidth = load<i32>(op, Pool.inWidth);
  const outHeight = load<i32>(op, Pool.outHeight);
  const outWidth = load<i32>(op, Pool.outWidth);
  const posBytes = load<i32>(op, Pool.posBytes);
  const xRow = load<i32>(op, Pool.xRow);
  const zRow = load<i32>(op, Pool.zRow);
  const last = shareStart(channels, thread + 1, threads);
  for (let c = shareStart(channels, thread, threads); c < last; c++) {
    const px = x + (<usize>c) * load<usize>(op, Pool.xPlane);
    const pz = z + (<usize>c) * load<usize>(op, Pool.zPlane);
    for (let i = 0; i < outHeight; i++) {
      const fromY = i * load<i32>(op, Pool.strideY) - load<i32>(op, Pool.padTop);
      const y0 = max(0, fromY);
      const y1 = min(inHeight, fromY + load<i32>(op, Pool.windowY));
      for (let j = 0; j < outWidth; j++) {
        const fromX = j * load<i32>(op, Pool.strideX) - load<i32>(op, Pool.padLeft);
        const x0 = max(0, fromX);
        const x1 = min(inWidth, fromX + load<i32>(op, Pool.windowX));
        const scale = f32x4.splat(<f32>(1.0 / <f64>((y1 - y0) * (x1 - x0))));
        for (let n = 0; n < posBytes; n += 16) {
          let best = f32x4.splat(kind ? 0 : -f32.MAX_VALUE);
          for (let v = y0; v < y1; v++) {
            for (let u = x0; u < x1; u++) {
              const value = v128.load(px + <usize>(v * xRow + u * posBytes + n));
              best = kind ? f32x4.add(best, value) : f32x4.max(best, value);
            }
          }
          v128.store(pz + <usize>(i * zRow + j * posBytes + n), kind ? f32x4.mul(best, scale) : best);
        }
      }
    }
  }
}

/** Adds to dx: the whole gradient to the first largest pixel, or an equal share to each. */
export function poolGrad(op: usize, thread: i32, threads: i32): void {
  const x = load<usize>(op, PoolGrad.x);
  const dx = load<usize>(op, PoolGrad.dx);
  const dz = load<usize>(op, PoolGrad.dz);
  const kind = load<i32>(op, PoolGrad.kind);
  const channels = load<i32>(op, PoolGrad.channels);
  const inHeight = load<i32>(op, PoolGrad.inHeight);
  const inWidth = load<i32>(op, PoolGrad.inWidth);
  const outHeight = load<i32>(op, PoolGrad.outHeight);
  const outWidth = load<i32>(op, PoolGrad.outWidth);
  const posBytes = load<i32>(op, PoolGrad.posBytes);
  const xRow = load<i32>(op, PoolGrad.dxRow);
  const zRow = load<i32>(op, PoolGrad.dzRow);
  const last = shareStart(channels, thread + 1, threads);
  for (let c = shareStart(channels, thread, threads); c < last; c++) {
    const plane = (<usize>c) * load<usize>(op, PoolGrad.dxPlane);
    const pz = dz + (<usize>c) * load<usize>(op, PoolGrad.dzPlane);
    for (let i = 0; i < outHeight; i++) {
      const fromY = i * load<i32>(op, PoolGrad.strideY) - load<i32>(op, PoolGrad.padTop);
      const y0 = max(0, fromY);
      const y1 = min(inHeight, fromY + load<i32>(op, PoolGrad.windowY));
      for (let j = 0; j < outWidth; j++) {
        const fromX = j * load<i32>(op, PoolGrad.strideX) - load<i32>(op, PoolGrad.padLeft);
        const x0 = max(0, fromX);
        const x1 = min(inWidth, fromX + load<i32>(op, PoolGrad.windowX));
        const scale = f32x4.splat(<f32>(1.0 / <f64>((y1 - y0) * (x1 - x0))));
        for (let n = 0; n < posBytes; n += 16) {
          let g = v128.load(pz + <usize>(i * zRow + j * posBytes + n));
          if (kind) {
            g = f32x4.mul(g, scale);
            for (let v = y0; v < y1; v++) {
              for (let u = x0; u < x1; u++) {
                const at = dx + plane + <usize>(v * xRow + u * posBytes + n);
                v128.store(at, f32x4.add(v128.load(at), g));
              }
            }
            continue;
          }
          let best = f32x4.splat(-f32.MAX_VALUE);
          for (let v = y0; v < y1; v++) {
            for (let u = x0; u < x1; u++) {
              best = f32x4.max(best, v128.load(x + plane + <usize>(v * xRow + u * posBytes + n)));
            }
          }
          for (let v = y0; v < y1; v++) {
            for (let u = x0; u < x1; u++) {
              const at = plane + <usize>(v * xRow + u * posBytes + n);
              const hit = f32x4.eq(v128.load(x + at), best);
              v128.store(dx + at, f32x4.add(v128.load(dx + at), v128.and(g, hit)));
              g = v128.andnot(g, hit);
            }
          }
        }
      }
    }
  }
}

/** Copies or adds rows between two tensors of the same extents. */
export function copy(op: usize, thread: i32, threads: i32): void {
  const dst = load<usize>(op, Copy.dst);
  const src = load<usize>(op, Copy.src);
  const channels = load<i32>(op, Copy.channels);
  const height = load<usize>(op, Copy.height);
  const bytes = load<usize>(op, Copy.width) * load<usize>(op, Copy.posBytes);
  const accumulate = load<i32>(op, Copy.accumulate);
  const last = shareStart(channels, thread + 1, threads);
  for (let c = shareStart(channels, thread, threads); c < last; c++) {
    for (let h: usize = 0; h < height; h++) {
      const to = dst + (<usize>c) * load<usize>(op, Copy.dstPlane) + h * load<usize>(op, Copy.dstRow);
      const from = src + (<usize>c) * load<usize>(op, Copy.srcPlane) + h * load<usize>(op, Copy.srcRow);
      moveRow(to, from, bytes, accumulate);
    }
  }
}

// @ts-ignore: decorator
@inline
function moveRow(to: usize, from: usize, bytes: usize, accumulate: i32): void {
  if (!accumulate) {
    memory.copy(to, from, bytes);
    return;
  }
  for (let i: usize = 0; i < bytes; i += 16) {
    v128.store(to + i, f32x4.add(v128.load(to + i), v128.load(from + i)));
  }
}

/** Between an image tensor and its [h, w, c] flattening, in either direction. */
export function flatten(op: usize, thread: i32, threads: i32): void {
  const image = load<usize>(op, Flatten.image);
  const flat = load<usize>(op, Flatten.flat);
  const channels = load<i32>(op, Flatten.channels);
  const height = load<i32>(op, Flatten.height);
  const width = load<i32>(op, Flatten.width);
  const posBytes = load<i32>(op, Flatten.posBytes);
  const reverse = load<i32>(op, Flatten.reverse);
  const accumulate = load<i32>(op, Flatten.accumulate);
  const flatPlane = load<usize>(op, Flatten.flatPlane);
  const last = shareStart(channels, thread + 1, threads);
  for (let c = shareStart(channels, thread, threads); c < last; c++) {
    for (let h = 0; h < height; h++) {
      for (let w = 0; w < width; w++) {
        const row = (<usize>h) * load<usize>(op, Flatten.imageRow);
        const at = image + (<usize>c) * load<usize>(op, Flatten.imagePlane) + row + <usize>(w * posBytes);
        const to = flat + (<usize>((h * width + w) * channels + c)) * flatPlane;
        if (reverse) moveRow(at, to, posBytes, accumulate);
        else moveRow(to, at, posBytes, accumulate);
      }
    }
  }
}

/** Zeroes the border of a tensor: `base` is the start of its buffer, before the leading gap. */
export function zeroGaps(op: usize, thread: i32, threads: i32): void {
  const base = load<usize>(op, ZeroGaps.base);
  const channels = load<i32>(op, ZeroGaps.channels);
  const height = load<usize>(op, ZeroGaps.height);
  const width = load<usize>(op, ZeroGaps.width);
  const posBytes = load<usize>(op, ZeroGaps.posBytes);
  const gapY = load<usize>(op, ZeroGaps.baseGapY);
  const gapX = load<usize>(op, ZeroGaps.baseGapX);
  const row = (width + gapX) * posBytes;
  const lead = gapY * row + gapX * posBytes;
  const plane = (height + gapY) * row;
  if (thread == 0) memory.fill(base, 0, lead);
  const last = shareStart(channels, thread + 1, threads);
  for (let c = shareStart(channels, thread, threads); c < last; c++) {
    const start = base + lead + (<usize>c) * plane;
    if (gapX) {
      for (let h: usize = 0; h < height; h++) memory.fill(start + h * row + width * posBytes, 0, gapX * posBytes);
    }
    if (gapY) memory.fill(start + height * row, 0, gapY * row);
  }
}

/** Sets bytes to zero. */
export function fill(op: usize, thread: i32): void {
  if (thread == 0) memory.fill(load<usize>(op, Fill.ptr), 0, load<usize>(op, Fill.bytes));
}

/** From samples of [h, w, c] to C·H·W·N; lanes beyond the batch become 0. */
export function loadImages(op: usize, thread: i32, threads: i32): void {
  const staging = load<usize>(op, LoadImages.staging);
  const x = load<usize>(op, LoadImages.x);
  const lanes = load<i32>(op, LoadImages.lanes);
  const channels = load<i32>(op, LoadImages.channels);
  const height = load<i32>(op, LoadImages.height);
  const width = load<i32>(op, LoadImages.width);
  const posBytes = load<i32>(op, LoadImages.posBytes);
  const sample = <usize>(4 * channels * height * width);
  const padded = posBytes >> 2;
  const last = shareStart(height, thread + 1, threads);
  for (let h = shareStart(height, thread, threads); h < last; h++) {
    for (let w = 0; w < width; w++) {
      for (let c = 0; c < channels; c++) {
        const from = staging + 4 * <usize>((h * width + w) * channels + c);
        const row = (<usize>h) * load<usize>(op, LoadImages.xRow);
        const to = x + (<usize>c) * load<usize>(op, LoadImages.xPlane) + row + <usize>(w * posBytes);
        for (let n = 0; n < lanes; n++) store<f32>(to + 4 * (<usize>n), load<f32>(from + (<usize>n) * sample));
        for (let n = lanes; n < padded; n++) store<f32>(to + 4 * (<usize>n), 0);
      }
    }
  }
}

/** Copies values into the order of the transposed structure: `dst[i] = src[index[i]]`, indices in bytes. */
export function gather(op: usize, thread: i32, threads: i32): void {
  const dst = load<usize>(op, Gather.dst);
  const src = load<usize>(op, Gather.src);
  const index = load<usize>(op, Gather.index);
  const count = load<i32>(op, Gather.count);
  const last = <usize>shareStart(count, thread + 1, threads) << 2;
  for (let i = <usize>shareStart(count, thread, threads) << 2; i < last; i += 4) {
    store<f32>(dst + i, load<f32>(src + load<u32>(index + i)));
  }
}

/** Puts kept values among all: `dst[index[i]] = src[i]`. */
export function scatter(op: usize, thread: i32, threads: i32): void {
  const dst = load<usize>(op, Scatter.dst);
  const src = load<usize>(op, Scatter.src);
  const index = load<usize>(op, Scatter.index);
  const count = load<i32>(op, Scatter.count);
  const last = <usize>shareStart(count, thread + 1, threads) << 2;
  for (let i = <usize>shareStart(count, thread, threads) << 2; i < last; i += 4) {
    store<f32>(dst + (<usize>load<u32>(index + i) << 2), load<f32>(src + i));
  }
}

/** Takes kept values from among all: `dst[i] += src[index[i]]`. */
export function gatherAdd(op: usize, thread: i32, threads: i32): void {
  const dst = load<usize>(op, GatherAdd.dst);
  const src = load<usize>(op, GatherAdd.src);
  const index = load<usize>(op, GatherAdd.index);
  const count = load<i32>(op, GatherAdd.count);
  const last = <usize>shareStart(count, thread + 1, threads) << 2;
  for (let i = <usize>shareStart(count, thread, threads) << 2; i < last; i += 4) {
    store<f32>(dst + i, load<f32>(dst + i) + load<f32>(src + (<usize>load<u32>(index + i) << 2)));
  }
}
