import { describeShape, GraphError } from './graph-error.ts';
import type { ElementData } from './value.ts';

/** Row-major float32, in memory. */
export interface FloatTensor {
  readonly shape: readonly number[];
  readonly data: Float32Array;
}

/** The same where it is read anew whenever it is needed, so that of a whole base one tensor at a time is in memory. */
export interface UnreadTensor {
  readonly shape: readonly number[];
  /** An array that whoever asked may release. */
  readonly read: () => Float32Array;
}

/** What a graph is given of a base. */
export type FrozenTensor = FloatTensor | UnreadTensor;

/** Whole numbers of 8 bits, which mean something by a scale that is kept apart; made when they are needed, as of `UnreadTensor`. */
export interface Int8Tensor {
  readonly shape: readonly number[];
  readonly readInt8: () => Int8Array;
}

export function floatsOf(tensor: FrozenTensor): Float32Array {
  return 'read' in tensor ? tensor.read() : tensor.data;
}

/** Hands the numbers to `use`, and releases them when they were read for it. Throws GraphError `graph.shape` of too few or too many. */
export function withFloats<T>(tensor: FrozenTensor, use: (data: Float32Array) => T): T {
  const data = floatsOf(tensor);
  checkCount(data, tensor.shape, 'A frozen tensor');
  const result = use(data);
  if ('read' in tensor) release(data);
  return result;
}

/** Throws GraphError `graph.shape` when an array does not fill its shape. */
export function checkCount(data: ElementData, shape: readonly number[], what: string): void {
  const count = shape.reduce((product, dim) => product * dim, 1);
  if (count === data.length) return;
  const found = `${String(data.length)} elements, its shape ${describeShape(shape)} needs ${String(count)}`;
  throw new GraphError('shape', `${what} has ${found}.`);
}

/** Frees an array's memory now, where the garbage collector would let much of a base pile up first. The array is empty from here on. */
export function release({ buffer }: ArrayBufferView): void {
  if (buffer instanceof ArrayBuffer) buffer.transfer(0);
}
