import {
  compileModel,
  GraphBuilder,
  matMul,
  Session,
  SPIN_ALONE_MICROSECONDS,
  slice,
  type Dim,
  type Feed,
  type OnnxModel,
  type Value,
} from '#autograd';

import { milliseconds } from './clock.ts';

/** One size of matrix product in a graph, and how often it is there. */
export interface Product {
  readonly a: readonly number[];
  readonly b: readonly number[];
  readonly transA: boolean;
  readonly transB: boolean;
  /** Its rows come before its batch. */
  readonly transBatchA: boolean;
  readonly transBatchB: boolean;
  /** The second matrix never changes, so that ONNX Runtime may reorder it beforehand. */
  readonly frozen: boolean;
  count: number;
}

const OPERATORS = new Set(['MatMul', 'FusedMatMul', 'Gemm']);

/** Every matrix product of a compiled model, by size; `sizes` gives the symbolic dimensions. */
export function productsOf(model: OnnxModel, sizes: Readonly<Record<string, number>>): Product[] {
  const found = new Map<string, Product>();
  for (const { operator, inputs, attributes } of model.nodes) {
    const [a, b] = inputs;
    if (!OPERATORS.has(operator) || a === undefined || b === undefined) continue;
    const product = {
      a: a.shape.map((dim) => sizeOf(dim, sizes)),
      b: b.shape.map((dim) => sizeOf(dim, sizes)),
      transA: isSet(attributes['transA']),
      transB: isSet(attributes['transB']),
      transBatchA: isSet(attributes['transBatchA']),
      transBatchB: isSet(attributes['transBatchB']),
      frozen: b.origin === 'frozen',
    };
    const key = JSON.stringify(product);
    const known = found.get(key) ?? { ...product, count: 0 };
    known.count += 1;
    found.set(key, known);
  }
  return [...found.values()];
}

/** Floating-point operations of one product: 2 · batch · m · k · n. */
export function operationsOf({ a, b, transB, transBatchB }: Product): number {
  const rows = transBatchB ? 0 : -2;
  return 2 * a.reduce((product, dim) => product * dim, 1) * (b.at(transB ? rows : -1) ?? 1);
}

function isSet(attribute: unknown): boolean {
  return typeof attribute === 'object' && attribute !== null && 'int' in attribute && attribute.int === 1;
}

function sizeOf(dim: Dim, sizes: Readonly<Record<string, number>>): number {
  if (typeof dim === 'number') return dim;
  return dim.split('*').reduce((product, part) => product * (sizes[part] ?? Number(part)), 1);
}

/** Runs of a product in one timing, each with a second matrix of its own. */
const REPEATS = 4;

export interface TimedProduct {
  readonly product: Product;
  /** Milliseconds of one product. */
  readonly time: () => Promise<number>;
  readonly close: () => Promise<void>;
}

/**
 * The product alone in a session of its own, under the same settings as the training step. What a run costs besides (a
 * call with as many outputs of one element) is measured beside it and taken off.
 */
export async function timeProduct(product: Product, threads: number): Promise<TimedProduct> {
  const full = await openRepeats(product, threads, true);
  const empty = await openRepeats(product, threads, false);
  const time = async (): Promise<number> => {
    const cost = (await full.run()) - (await empty.run());
    return Math.max(cost, 0) / REPEATS;
  };
  await time();
  const close = async (): Promise<void> => {
    await full.session.close();
    await empty.session.close();
  };
  return { product, time, close };
}

async function openRepeats({ a, b, frozen, ...options }: Product, threads: number, multiply: boolean) {
  const g = new GraphBuilder('products');
  const feeds: Record<string, Feed> = { a: filled(a) };
  const left = g.input('a', 'float32', a);
  const corner = (x: Value): Value =>
    x.shape.reduce<Value>((value, _, axis) => slice(g, value, { axis, start: 0, end: 1 }), x);
  const outputs: Record<string, Value> = {};
  for (let i = 0; i < REPEATS; i += 1) {
    const name = `b${String(i)}`;
    const right = frozen ? g.frozen(name, filled(b)) : g.input(name, 'float32', b);
    if (!frozen) feeds[name] = filled(b);
    outputs[`y${String(i)}`] = corner(multiply ? matMul(g, left, right, options) : right);
  }
  const session = await Session.open(compileModel(g, { always: outputs }), {
    threads,
    spinMicroseconds: SPIN_ALONE_MICROSECONDS,
  });
  const run = async (): Promise<number> => {
    const start = milliseconds();
    await session.run(feeds);
    return milliseconds() - start;
  };
  return { session, run };
}

/** Small numbers of no pattern, the same each time. */
export function filled(shape: readonly number[], scale = 0.05): { shape: readonly number[]; data: Float32Array } {
  let state = 1;
  const next = (): number => {
    state = (Math.imul(state, 1103515245) + 12345) & 0x7fffffff;
    return scale * (state / 0x40000000 - 1);
  };
  return { shape, data: Float32Array.from({ length: shape.reduce((product, dim) => product * dim, 1) }, next) };
}
