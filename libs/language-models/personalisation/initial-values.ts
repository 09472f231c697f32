import { elementCount, type Tensor } from '#parameters';
import type { RandomStream } from '#randomness';

/** A tensor of one value. */
export function filled(shape: readonly number[], value: number): Tensor {
  return { shape, data: new Float32Array(elementCount(shape)).fill(value) };
}

/** Independent N(0, deviation²) values, in row-major order of the stream. */
export function normal(shape: readonly number[], deviation: number, stream: RandomStream): Tensor {
  return { shape, data: Float32Array.from({ length: elementCount(shape) }, () => deviation * stream.normal()) };
}

/** Independent values, uniform between -bound and bound. */
export function uniform(shape: readonly number[], bound: number, stream: RandomStream): Tensor {
  return { shape, data: Float32Array.from({ length: elementCount(shape) }, () => bound * (2 * stream.uniform() - 1)) };
}
