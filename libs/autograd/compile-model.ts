import type { GraphBuilder } from './graph-builder.ts';
import { GraphError } from './graph-error.ts';
import { floatToHalf } from '#parameters';
import { ATTRIBUTE_TYPES, elementBytes, elementTypeCode, encodeModel, FLOAT16 } from './onnx-schema.ts';
import { nodesFor, readBy } from './needed-nodes.ts';
import { leavesLast } from './order-nodes.ts';
import type { AttributeProto, GraphProto, NodeProto, TensorProto, ValueInfoProto } from './onnx-schema.ts';
import type { Attribute, ElementData, ElementType, GraphNode, Subgraph, Value } from './value.ts';

/** An .onnx model whose large weights stay outside its bytes, so that nothing copies them. */
export interface OnnxModel {
  readonly bytes: Uint8Array;
  /** What the model expects in a file named `WEIGHTS_FILE` beside it; empty when it stands alone. */
  readonly weights: readonly Weights[];
  /** The nodes that were compiled, in the order in which they run. */
  readonly nodes: readonly GraphNode[];
}

/** A part of the file of weights. */
export interface Weights {
  /** In bytes from the start of the file, a multiple of the page size so that the file can be mapped. */
  readonly offset: number;
  readonly byteLength: number;
  readonly read: () => Uint8Array;
  /** Whether what `read` gives is made anew at each call, and may be released. */
  readonly unread: boolean;
}

export const WEIGHTS_FILE = 'weights';
const PAGE_BYTES = 4096;

export interface Outputs {
  /** Computed in every run, by output name. */
  readonly always: Readonly<Record<string, Value>>;
  /** Computed only in runs that feed `condition` (a bool scalar input) as true; empty float32 tensors otherwise. */
  readonly when?: { readonly condition: Value; readonly outputs: Readonly<Record<string, Value>> };
  /** Write every weight into the bytes, for a file that stands alone (at most 2 GB). Default false. */
  readonly selfContained?: boolean;
  /** Store float32 weights of a file that stands alone as float16, with a Cast behind each: half the bytes. Default false. */
  readonly halfPrecision?: boolean;
}

/** Initializers from this size on stay outside the model's bytes. */
const EXTERNAL_BYTES = 4096;

/**
 * Compiles what the outputs need, and nothing else. What only `when` needs goes into an ONNX If, so that one session,
 * with one copy of the weights, serves training (condition true) and evaluation at the cost of the forward pass.
 */
export function compileModel(
  g: GraphBuilder,
  { always, when, selfContained = false, halfPrecision = false }: Outputs,
): OnnxModel {
  const main = nodesFor(g.nodes, Object.values(always), new Set());
  const inMain = new Set(main);
  const branch = when === undefined ? [] : nodesFor(g.nodes, Object.values(when.outputs), inMain);
  const weights: Weights[] = [];
  const outputNodes = (values: Readonly<Record<string, Value>>, prefix = ''): NodeProto[] =>
    Object.entries(values).map(([name, value]) => nodeOf('Identity', [value.name], [prefix + name]));
  const graph: GraphProto = {
    name: g.name,
    node: [...main.map(nodeProto), ...outputNodes(always)],
    initializer: initializers([...main, ...branch], [always, when?.outputs ?? {}], selfContained ? undefined : weights),
    input: g.inputs.map((value) => valueInfo(value.name, value.type, value.shape)),
    output: Object.entries(always).map(([name, value]) => valueInfo(name, value.type, value.shape)),
    valueInfo: shapesOf(main),
  };
  if (when !== undefined) {
    const names = Object.keys(when.outputs);
    graph.node.push(
      ifNode(
        when.condition,
        names,
        [...leavesLast(branch).map(nodeProto), ...outputNodes(when.outputs, 'then.')],
        shapesOf(branch),
      ),
    );
    graph.output.push(...names.map((name) => untypedShape(name)));
  }
  const stored = selfContained && halfPrecision ? withHalves(graph) : graph;
  return { bytes: encodeModel(stored), weights, nodes: [...main, ...branch] };
}

/** The graph with its large float32 initializers as float16; ONNX Runtime widens them once, when it opens the model. */
function withHalves(graph: GraphProto): GraphProto {
  const widenings: NodeProto[] = [];
  const to: AttributeProto = { name: 'to', type: ATTRIBUTE_TYPES.int, i: elementTypeCode('float32') };
  const initializer = graph.initializer.map((tensor): TensorProto => {
    const { name, dataType, rawData } = tensor;
    if (dataType !== elementTypeCode('float32') || rawData === undefined || rawData.length < EXTERNAL_BYTES)
      return tensor;
    const half = `${name}.half`;
    widenings.push(nodeOf('Cast', [half], [name], [to]));
    return { ...tensor, name: half, dataType: FLOAT16, rawData: halvesOf(rawData, name) };
  });
  return { ...graph, initializer, node: [...widenings, ...graph.node] };
}

function halvesOf(bytes: Uint8Array, name: string): Uint8Array {
  const floats = new Float32Array(bytes.slice().buffer);
  const halves = Uint16Array.from(floats, floatToHalf);
  // 0x7c00 is infinity, above it is NaN: beyond float16's 65504 the model would be broken silently.
  if (halves.some((bits) => (bits & 0x7c00) === 0x7c00))
    throw new GraphError('precision', `${name} has a number that float16 cannot hold.`);
  return new Uint8Array(halves.buffer);
}

/** The number of nodes that the outputs need. */
export function countNodes(g: GraphBuilder, outputs: readonly Value[]): number {
  return nodesFor(g.nodes, outputs, new Set()).length;
}

function nodeOf(opType: string, input: string[], output: string[], attribute: AttributeProto[] = []): NodeProto {
  return { name: output[0] ?? opType, opType, domain: '', input, output, attribute };
}

function nodeProto(node: GraphNode): NodeProto {
  const attribute = Object.entries(node.attributes).map(([name, value]) => attributeProto(name, value));
  const inputs = node.inputs.map((value) => value?.name ?? '');
  return {
    ...nodeOf(
      node.operator,
      inputs,
      node.outputs.map(({ name }) => name),
      attribute,
    ),
    domain: node.domain,
  };
}

function attributeProto(name: string, value: Attribute): AttributeProto {
  if ('int' in value) return { name, type: ATTRIBUTE_TYPES.int, i: value.int };
  if ('float' in value) return { name, type: ATTRIBUTE_TYPES.float, f: value.float };
  if ('ints' in value) return { name, type: ATTRIBUTE_TYPES.ints, ints: value.ints };
  if ('graph' in value) return { name, type: ATTRIBUTE_TYPES.graph, g: bodyProto(value.graph) };
  return { name, type: ATTRIBUTE_TYPES.string, s: Buffer.from(value.string) };
}

/** Weights stay with the graph around it, which packs them once for all iterations. */
function bodyProto({ inputs, outputs, nodes }: Subgraph): GraphProto {
  const kept = nodesFor(nodes, outputs, new Set());
  // An output must be made by a node of the body itself, and by no name twice.
  const own = new Set(kept.flatMap((node) => node.outputs.map(({ name }) => name)));
  const last: NodeProto[] = [];
  const named = outputs.map((value, i) => {
    if (own.delete(value.name)) return value;
    const name = `${value.name}.out.${String(i)}`;
    last.push(nodeOf('Identity', [value.name], [name]));
    return { ...value, name };
  });
  return {
    name: 'body',
    node: [...kept.map(nodeProto), ...last],
    initializer: [],
    input: inputs.map((value) => valueInfo(value.name, value.type, value.shape)),
    output: named.map((value) => valueInfo(value.name, value.type, value.shape)),
    valueInfo: shapesOf(kept),
  };
}

function ifNode(
  condition: Value,
  names: readonly string[],
  thenNodes: NodeProto[],
  shapes: ValueInfoProto[],
): NodeProto {
  const branchGraph = (prefix: string, node: NodeProto[], initializer: TensorProto[]): GraphProto => ({
    name: `${prefix}branch`,
    node,
    initializer,
    input: [],
    output: names.map((name) => untypedShape(prefix + name)),
    valueInfo: prefix === 'then.' ? shapes : [],
  });
  const nothing: TensorProto = { name: 'nothing', dims: [0], dataType: 1, rawData: new Uint8Array(0) };
  const elseNodes = names.map((name) => nodeOf('Identity', [nothing.name], [`else.${name}`]));
  const branches: [string, GraphProto][] = [
    ['then_branch', branchGraph('then.', thenNodes, [])],
    ['else_branch', branchGraph('else.', elseNodes, [nothing])],
  ];
  const attributes = branches.map(([name, g]): AttributeProto => ({ name, type: ATTRIBUTE_TYPES.graph, g }));
  return nodeOf('If', [condition.name], [...names], attributes);
}

function initializers(
  nodes: readonly GraphNode[],
  outputs: readonly Readonly<Record<string, Value>>[],
  weights: Weights[] | undefined,
): TensorProto[] {
  const found = new Map<string, Value>();
  const candidates = [...nodes.flatMap(readBy), ...outputs.flatMap((values) => Object.values(values))];
  for (const value of candidates) if (value.contents !== undefined) found.set(value.name, value);
  return [...found.values()].map((value) => tensorProto(value, weights));
}

function tensorProto(
  { name, type, shape, contents, unread = false }: Value,
  weights: Weights[] | undefined,
): TensorProto {
  if (contents === undefined) throw new GraphError('node', `${name} has no contents.`);
  const dims = shape.map(Number);
  const read = (): Uint8Array => bytesOf(contents());
  const proto: TensorProto = { name, dims, dataType: elementTypeCode(type) };
  const byteLength = dims.reduce((product, dim) => product * dim, elementBytes(type));
  if (weights === undefined || byteLength < EXTERNAL_BYTES) return { ...proto, rawData: read() };
  const last = weights.at(-1);
  const end = last === undefined ? 0 : last.offset + last.byteLength;
  const offset = Math.ceil(end / PAGE_BYTES) * PAGE_BYTES;
  weights.push({ offset, byteLength, read, unread });
  const place = { location: WEIGHTS_FILE, offset: String(offset), length: String(byteLength) };
  return { ...proto, dataLocation: 1, externalData: Object.entries(place).map(([key, value]) => ({ key, value })) };
}

function bytesOf(data: ElementData): Uint8Array {
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}

function valueInfo(name: string, type: ElementType, shape: Value['shape']): ValueInfoProto {
  const dim = shape.map((d) => (typeof d === 'number' ? { dimValue: d } : { dimParam: d }));
  return { name, type: { tensorType: { elemType: elementTypeCode(type), shape: { dim } } } };
}

/** With the shapes stated, ONNX Runtime reuses the buffer of an input that nobody reads again. */
function shapesOf(nodes: readonly GraphNode[]): ValueInfoProto[] {
  return nodes.flatMap(({ outputs }) => outputs.map(({ name, type, shape }) => valueInfo(name, type, shape)));
}

/** A float32 output whose shape differs between the branches. */
function untypedShape(name: string): ValueInfoProto {
  return { name, type: { tensorType: { elemType: 1 } } };
}
