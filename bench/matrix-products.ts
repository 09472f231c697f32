import {
  compileModel,
  GraphBuilder,
  mul,
  Session,
  type Attribute,
  type Dim,
  type FrozenTensor,
  type GraphNode,
  type OnnxModel,
  type SessionOptions,
  type Value,
} from '#autograd';

import { milliseconds } from './clock.ts';

/** Floating-point operations of a compiled model's matrix products; `sizes` gives the symbolic dimensions. */
export function operationsOf(model: OnnxModel, sizes: Readonly<Record<string, number>>): number {
  return productNodes(model).reduce((sum, node) => {
    const [a] = node.inputs;
    const [y] = node.outputs;
    if (a === undefined || y === undefined) return sum;
    const [shape, result] = [a.shape, y.shape].map((dims) => dims.map((dim) => sizeOf(dim, sizes)));
    // 2 · batch · m · k · n, where a is [batch, m, k] in some order and the result [batch, m, n].
    return sum + 2 * elementsOf(shape ?? []) * (result?.at(-1) ?? 0);
  }, 0);
}

const OPERATORS = new Set(['MatMul', 'FusedMatMul', 'Gemm']);

function productNodes({ nodes }: OnnxModel): GraphNode[] {
  return nodes.filter(({ operator }) => OPERATORS.has(operator));
}

/** Which of its operands a product reads transposed. */
function transpositions({ attributes }: GraphNode): Record<string, Attribute> {
  const names = ['transA', 'transB', 'transBatchA', 'transBatchB'];
  return Object.fromEntries(Object.entries(attributes).filter(([name]) => names.includes(name)));
}

function elementsOf(shape: readonly number[]): number {
  return shape.reduce((product, dim) => product * dim, 1);
}

function sizeOf(dim: Dim, sizes: Readonly<Record<string, number>>): number {
  if (typeof dim === 'number') return dim;
  return dim.split('*').reduce((product, part) => product * (sizes[part] ?? Number(part)), 1);
}

export interface TimedProducts {
  /** Milliseconds of all products once. */
  readonly time: () => Promise<number>;
  readonly close: () => Promise<void>;
}

/**
 * The products of a compiled model and nothing else, in its order, in one session under the settings of the model's own:
 * each frozen matrix as it is there, other operands as inputs, which is where they are warmest. What the run costs
 * besides is measured with one number in the place of each product, and taken off.
 */
export async function openProducts(
  model: OnnxModel,
  sizes: Readonly<Record<string, number>>,
  settings: SessionOptions,
): Promise<TimedProducts> {
  const full = await openRun(productNodes(model).map(recorded), sizes, settings);
  const one = (g: GraphBuilder, i: number): Value => mul(g, g.input(`one ${String(i)}`, 'float32', [1]), g.scalar(2));
  const empty = await openRun(
    productNodes(model).map(() => one),
    sizes,
    settings,
  );
  return {
    time: async () => (await full.run()) - (await empty.run()),
    close: async () => {
      await full.session.close();
      await empty.session.close();
    },
  };
}

type Build = (g: GraphBuilder, i: number) => Value;

/** A product of the model, for a graph in which its operands are given. */
function recorded(node: GraphNode): Build {
  return (g, i) => {
    const operands = node.inputs.slice(0, 2).map((value) => value && operand(g, value));
    const [y] = node.outputs;
    // A scale of its own keeps it apart from equal ones.
    const attributes = { ...transpositions(node), alpha: { float: 1 + i / 1e3 } };
    const product = { operator: 'FusedMatMul', domain: 'com.microsoft', attributes } as const;
    return g.emitOne({ ...product, inputs: operands, type: 'float32', shape: y?.shape ?? [] });
  };
}

/** The same frozen matrix, or an input that operands of one shape share. */
function operand(g: GraphBuilder, value: Value): Value {
  const { name, shape, type, contents } = value;
  if (contents !== undefined && type === 'float32') return g.frozen(name, matrixOf(value, contents));
  const shared = `operand ${shape.join(' x ')}`;
  return g.inputs.find((input) => input.name === shared) ?? g.input(shared, 'float32', shape);
}

const matrices = new WeakMap<Value, FrozenTensor>();

/** One tensor a value, so that two products with it share it. */
function matrixOf(value: Value, contents: () => unknown): FrozenTensor {
  const known = matrices.get(value) ?? { shape: value.shape.map(Number), data: contents() as Float32Array };
  matrices.set(value, known);
  return known;
}

async function openRun(builds: readonly Build[], sizes: Readonly<Record<string, number>>, settings: SessionOptions) {
  const g = new GraphBuilder('products');
  const outputs = builds.map((build, i): [string, Value] => [`product ${String(i)}`, corner(g, build(g, i))]);
  const session = await Session.open(compileModel(g, { always: Object.fromEntries(outputs) }), settings);
  const feeds = Object.fromEntries(
    g.inputs.map(({ name, shape }) => [name, filled(shape.map((dim) => sizeOf(dim, sizes)))]),
  );
  const run = async (): Promise<number> => {
    const start = milliseconds();
    await session.run(feeds);
    return milliseconds() - start;
  };
  await run();
  return { session, run };
}

/** One element, so that the product has to be computed and next to nothing of it is copied. */
function corner(g: GraphBuilder, x: Value): Value {
  const axes = [...x.shape.keys()];
  const [starts, ends] = [g.integers(axes.map(() => 0)), g.integers(axes.map(() => 1))];
  return g.emitOne({
    operator: 'Slice',
    inputs: [x, starts, ends, g.integers(axes)],
    type: 'float32',
    shape: axes.map(() => 1),
  });
}

/**
 * Small numbers of no pattern, the same each time for a seed. Weights must differ from each other as a model's do: of equal ones ONNX
 * Runtime keeps one packed copy, which takes less memory and stays in the processor's caches.
 */
export function filled(shape: readonly number[], seed = 1): { shape: readonly number[]; data: Float32Array } {
  let state = seed;
  const next = (): number => {
    state = (Math.imul(state, 1103515245) + 12345) & 0x7fffffff;
    return 0.05 * (state / 0x40000000 - 1);
  };
  return { shape, data: Float32Array.from({ length: elementsOf(shape) }, next) };
}
