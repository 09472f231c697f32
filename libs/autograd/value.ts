/** A dimension is a number, or the name of one that is known when the graph runs (`batch`, or a product: `batch*sequence`). */
export type Dim = number | string;

export type ElementType = 'float32' | 'int64' | 'bool' | 'float64' | 'int32' | 'uint8' | 'int8';

export type ElementData = Float32Array | BigInt64Array | Float64Array | Int32Array | Uint8Array | Int8Array;

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
