import { describeShape, GraphError } from './graph-error.ts';

/** A dimension is a number, or the name of one that is known when the graph runs (`batch`, or a product: `batch*sequence`). */
export type Dim = number | string;

export type ElementType = 'float32' | 'int64' | 'bool' | 'float64' | 'int32' | 'uint8' | 'int8';

export type ElementData = Float32Array | BigInt64Array | Float64Array | Int32Array | Uint8Array | Int8Array;

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

/** One edge of the graph: an input, an initializer, or what a node computes. */
export interface Value {
  readonly name: string;
  readonly type: ElementType;
  readonly shape: readonly Dim[];
  readonly origin: 'input' | 'trainable' | 'frozen' | 'constant' | 'node';
  /** Contents of a frozen or constant value (bool as bytes). */
  readonly contents?: () => ElementData;
  /** Whether contents are made anew at each call, so that whoever asked may release them. */
  readonly unread?: boolean;
}

export type Attribute =
  { int: number } | { float: number } | { ints: readonly number[] } | { string: string } | { graph: Subgraph };

/** The body of a control-flow operator; its nodes may read values of the graph around it. */
export interface Subgraph {
  readonly inputs: readonly Value[];
  readonly outputs: readonly Value[];
  readonly nodes: readonly GraphNode[];
}

/** The gradient of one input, made when asked for. */
export type Slope = (() => Value | undefined) | AddingSlope;

/** A slope that adds itself to what other nodes have contributed: a matrix product does so without another pass. */
export interface AddingSlope {
  readonly onto: (sum: Value | undefined) => Value | undefined;
}

/** Given the gradients of a node's outputs, one slope an input; undefined where the input has none. */
export type GradientRule = (upstream: readonly (Value | undefined)[]) => readonly (Slope | undefined)[];

export interface GraphNode {
  readonly operator: string;
  /** '' is ai.onnx. */
  readonly domain: '' | 'com.microsoft';
  readonly inputs: readonly (Value | undefined)[];
  readonly outputs: readonly Value[];
  readonly attributes: Readonly<Record<string, Attribute>>;
  readonly gradient: GradientRule | undefined;
  /** What the slopes of `gradient` are for, in its order. */
  readonly differentiates: readonly (Value | undefined)[];
}
