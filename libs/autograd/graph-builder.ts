import { factorsOf } from './dims.ts';
import { GraphError } from './graph-error.ts';
import { checkCount, floatsOf, type FrozenTensor, type Int8Tensor } from './frozen-tensor.ts';
import type { Attribute, Dim, ElementData, ElementType, GradientRule, GraphNode, Subgraph, Value } from './value.ts';

export interface NodeSpec {
  readonly operator: string;
  readonly domain?: '' | 'com.microsoft';
  readonly inputs: readonly (Value | undefined)[];
  readonly outputs: readonly { readonly type: ElementType; readonly shape: readonly Dim[] }[];
  readonly attributes?: Readonly<Record<string, Attribute>>;
  readonly gradient?: GradientRule;
  /** Computed anew even where the same is known: what is cheap to compute and large to keep from the forward pass for the backward. */
  readonly anew?: boolean;
  /** What `gradient` speaks of when the node ends a composition that has a rule of its own; default its inputs. */
  readonly differentiates?: readonly Value[];
}

/** What is being recorded: the graph, or the body of an operator in it. */
interface Scope {
  readonly nodes: GraphNode[];
  readonly recorded: Map<string, readonly Value[]>;
  /** Values whose dimensions can be read. */
  readonly inputs: readonly Value[];
}

/**
 * Records a graph of ONNX operators in the order in which they are built. Operators are the functions in `operators/`;
 * they check shapes and types at once and throw GraphError. The same operator on the same inputs is recorded once.
 */
export class GraphBuilder {
  readonly name: string;
  readonly inputs: Value[] = [];
  private scope: Scope = { nodes: [], recorded: new Map(), inputs: this.inputs };
  private readonly names = new Set<string>();
  private readonly frozenValues = new Map<string, { readonly tensor: object; readonly value: Value }>();
  private readonly constants = new Map<string, Value>();
  private counter = 0;

  constructor(name = 'graph') {
    this.name = name;
  }

  /** What was recorded so far; within `body`, of that body. */
  get nodes(): readonly GraphNode[] {
    return this.scope.nodes;
  }

  /** What a run feeds and no gradient reaches: ids, masks, labels, switches. */
  input(name: string, type: ElementType, shape: readonly Dim[]): Value {
    return this.addInput({ name: this.claim(name), type, shape, origin: 'input' });
  }

  /** A float32 tensor that is trained: fed at each run, so that many clients share one session. */
  trainable(name: string, shape: readonly Dim[]): Value {
    return this.addInput({ name: this.claim(name), type: 'float32', shape, origin: 'trainable' });
  }

  /** A float32 or int8 tensor that never changes: part of the model, one copy for all runs, however often it is asked for. */
  frozen(name: string, tensor: FrozenTensor | Int8Tensor): Value {
    const known = this.frozenValues.get(name);
    if (known?.tensor === tensor) return known.value;
    const { shape } = tensor;
    const checked = <Data extends ElementData>(data: Data): Data => {
      checkCount(data, shape, `The frozen tensor ${name}`);
      return data;
    };
    if ('data' in tensor) checked(tensor.data);
    const [type, contents] =
      'readInt8' in tensor
        ? (['int8', () => checked(tensor.readInt8())] as const)
        : (['float32', () => checked(floatsOf(tensor))] as const);
    const unread = !('data' in tensor);
    const value: Value = { name: this.claim(name), type, shape, origin: 'frozen', contents, unread };
    this.frozenValues.set(name, { tensor, value });
    return value;
  }

  /** A small constant; equal ones are kept once. */
  constant(data: ElementData, type: ElementType, shape: readonly number[]): Value {
    const key = `${type}|${shape.join(',')}|${data.join(',')}`;
    const known = this.constants.get(key);
    if (known !== undefined) return known;
    const value: Value = { name: this.freshName('constant'), type, shape, origin: 'constant', contents: () => data };
    this.constants.set(key, value);
    return value;
  }

  scalar(number: number, type: 'float32' | 'int64' = 'float32'): Value {
    const data = type === 'float32' ? Float32Array.of(number) : BigInt64Array.of(BigInt(number));
    return this.constant(data, type, []);
  }

  integers(numbers: readonly number[]): Value {
    return this.constant(BigInt64Array.from(numbers, BigInt), 'int64', [numbers.length]);
  }

  /** Records a node and returns its outputs: for the functions in `operators/`. */
  emit(spec: NodeSpec): readonly Value[] {
    const attributes = spec.attributes ?? {};
    const key = keyOf(spec, attributes);
    const known = this.scope.recorded.get(key);
    if (known !== undefined && spec.anew !== true) return known;
    const outputs = spec.outputs.map(({ type, shape }): Value => ({
      name: this.freshName(spec.operator),
      type,
      shape,
      origin: 'node',
    }));
    this.scope.nodes.push({
      operator: spec.operator,
      domain: spec.domain ?? '',
      inputs: spec.inputs,
      outputs,
      attributes,
      gradient: spec.gradient,
      differentiates: spec.differentiates ?? spec.inputs,
    });
    this.scope.recorded.set(key, outputs);
    return outputs;
  }

  /** `emit` for the usual node with a single output. */
  emitOne(spec: Omit<NodeSpec, 'outputs'> & { readonly type: ElementType; readonly shape: readonly Dim[] }): Value {
    const { type, shape, ...rest } = spec;
    const [value] = this.emit({ ...rest, outputs: [{ type, shape }] });
    if (value === undefined) throw new GraphError('node', `${spec.operator} has no output.`);
    return value;
  }

  /**
   * Records what `build` emits apart, as the body of a control-flow operator: it may use every value from outside, and
   * nothing outside sees its own.
   */
  body(
    inputs: readonly Omit<Value, 'name' | 'origin'>[],
    build: (inputs: readonly Value[]) => readonly Value[],
  ): Subgraph {
    const outer = this.scope;
    const own = inputs.map((input): Value => ({ ...input, name: this.freshName('carried'), origin: 'input' }));
    this.scope = { nodes: [], recorded: new Map(outer.recorded), inputs: [...outer.inputs, ...own] };
    try {
      return { inputs: own, outputs: build(own), nodes: this.scope.nodes };
    } finally {
      this.scope = outer;
    }
  }

  /** A symbolic dimension as an int64 tensor of shape [1], read off the input that carries it. */
  dimension(dim: Dim): Value {
    const { coefficient, symbols } = factorsOf(dim);
    const factors = symbols.map((symbol) => this.readSymbol(symbol));
    const first = factors.shift() ?? this.integers([coefficient]);
    const shape = [1];
    const times = (a: Value, b: Value): Value =>
      this.emitOne({ operator: 'Mul', inputs: [a, b], type: 'int64', shape });
    const product = factors.reduce(times, first);
    return symbols.length === 0 || coefficient === 1 ? product : times(product, this.integers([coefficient]));
  }

  /** A shape as an int64 tensor, for Reshape (where one symbolic dimension may be inferred) and Expand (where none may). */
  shapeVector(shape: readonly Dim[], { inferOne }: { inferOne: boolean }): Value {
    const symbolic = shape.filter((dim) => typeof dim === 'string').length;
    if (symbolic === 0 || (inferOne && symbolic === 1)) {
      return this.integers(shape.map((dim) => (typeof dim === 'string' ? -1 : dim)));
    }
    const parts = shape.map((dim) => this.dimension(dim));
    return this.emitOne({
      operator: 'Concat',
      inputs: parts,
      attributes: { axis: { int: 0 } },
      type: 'int64',
      shape: [shape.length],
    });
  }

  private readSymbol(symbol: string): Value {
    for (const input of this.scope.inputs) {
      const axis = input.shape.indexOf(symbol);
      if (axis < 0) continue;
      const attributes = { start: { int: axis }, end: { int: axis + 1 } };
      return this.emitOne({ operator: 'Shape', inputs: [input], attributes, type: 'int64', shape: [1] });
    }
    throw new GraphError(
      'dimension',
      `No input of the graph has the dimension "${symbol}", so its size cannot be known.`,
    );
  }

  private addInput(value: Value): Value {
    this.inputs.push(value);
    return value;
  }

  private claim(name: string): string {
    if (this.names.has(name)) throw new GraphError('name', `The graph has two tensors named ${name}.`);
    this.names.add(name);
    return name;
  }

  private freshName(stem: string): string {
    this.counter += 1;
    return `${stem}_${String(this.counter)}`;
  }
}

/** What makes two nodes the same. */
function keyOf({ domain = '', operator, inputs, outputs }: NodeSpec, attributes: Readonly<Record<string, Attribute>>) {
  const said = Object.entries(attributes).map(([name, value]) =>
    'graph' in value ? [name, value.graph.outputs.map((output) => output.name)] : [name, value],
  );
  const operands = inputs.map((value) => value?.name ?? '').join('|');
  return `${domain}:${operator}(${operands})${JSON.stringify(said)}${String(outputs.length)}`;
}
