import { broadcastShapes, dimAt, sameDim, sameShape } from '../dims.ts';
import type { GraphBuilder, NodeSpec } from '../graph-builder.ts';
import { describeShape, GraphError } from '../graph-error.ts';
import type { Dim, GradientRule, Value } from '../value.ts';
import { compare } from './compare.ts';
import { either } from './either.ts';
import { requireFloat } from './require-float.ts';
import { transpose } from './transpose.ts';

export type FewRows = boolean | 'perhaps';

export interface ProductOptions {
  /** Transpose the last two axes of `a` / of `b`. */
  readonly transA?: boolean;
  readonly transB?: boolean;
  /** The rows of `a` / of `b` come before its batch, [m, .., k] for [.., m, k]: read in place, nothing is copied. */
  readonly transBatchA?: boolean;
  readonly transBatchB?: boolean;
  /** Scales the product, at no cost. */
  readonly alpha?: number;
  /**
   * Matrices of which `a` may have fewer rows than `b` has columns, and `b` is no frozen one. ONNX Runtime (1.30) then
   * shares the columns out to its threads, and sums in blocks that depend on each one's share: 8 × 384 by 384 × 64 has other
   * bits with one thread than with two. Turned around it is the rows that are shared, which changes nothing. `perhaps`:
   * a run decides, by how many rows it has.
   */
  readonly fewRows?: FewRows;
  /** Give the result with its rows before its batch, [m, .., n]. */
  readonly rowsFirst?: boolean;
}

/** [.., m, k] by [.., k, n], the leading axes broadcast. */
function productShape(operator: string, a: Value, b: Value, options: ProductOptions): Dim[] {
  const { transA = false, transB = false, transBatchA = false, transBatchB = false } = options;
  const left = transBatchA ? rowsLast(a.shape) : a.shape;
  const right = transBatchB ? rowsLast(b.shape) : b.shape;
  const matrices = left.length >= 2 && right.length >= 2;
  if (!matrices || !sameDim(dimAt(left, transA ? -2 : -1), dimAt(right, transB ? -1 : -2))) {
    const operands = `${describeShape(left)}${transA ? 'ᵀ' : ''} by ${describeShape(right)}${transB ? 'ᵀ' : ''}`;
    throw new GraphError('shape', `${operator}: cannot multiply ${operands}.`);
  }
  const batch = broadcastShapes(operator, left.slice(0, -2), right.slice(0, -2));
  return [...batch, dimAt(left, transA ? -1 : -2), dimAt(right, transB ? -2 : -1)];
}

/** [m, .., k] as [.., m, k]. */
function rowsLast(shape: readonly Dim[]): Dim[] {
  return [...shape.slice(1, -1), dimAt(shape, 0), dimAt(shape, -1)];
}

/** alpha a·b as MatMul, or FusedMatMul where it transposes or scales. */
export function product(g: GraphBuilder, a: Value, b: Value, options: ProductOptions, gradient?: GradientRule): Value {
  requireFloat('MatMul', a, b);
  const { transA = false, transB = false, transBatchA = false, transBatchB = false, alpha = 1, fewRows } = options;
  const shape = productShape('MatMul', a, b, options);
  if (fewRows === true) {
    const turned = product(g, b, a, { transA: !transB, transB: !transA, alpha });
    return transpose(g, turned, [1, 0], gradient === undefined ? undefined : { differentiates: [a, b], gradient });
  }
  if (fewRows === 'perhaps' && dependsOnThreads(a, b, options)) {
    const composition = gradient === undefined ? {} : { differentiates: [a, b], gradient };
    return byRows(g, shape, (few) => product(g, a, b, { ...options, fewRows: few }), composition);
  }
  const attributes = {
    transA: flag(transA),
    transB: flag(transB),
    ...(transBatchA || transBatchB ? { transBatchA: flag(transBatchA), transBatchB: flag(transBatchB) } : {}),
    alpha: { float: alpha },
  };
  const plain = !transA && !transB && !transBatchA && !transBatchB && alpha === 1;
  return g.emitOne({
    ...(plain ? { operator: 'MatMul' } : { operator: 'FusedMatMul', domain: 'com.microsoft', attributes }),
    inputs: [a, b],
    type: 'float32',
    shape,
    ...(gradient === undefined ? {} : { gradient }),
  });
}

/** alpha a·b + beta c of matrices, c broadcast: one pass where a product and an addition make two. */
export function productPlus(
  g: GraphBuilder,
  [a, b, c]: readonly [Value, Value, Value],
  options: ProductOptions & { readonly beta?: number },
  gradient?: GradientRule,
): Value {
  requireFloat('Gemm', a, b, c);
  const { transA = false, transB = false, alpha = 1, beta = 1, fewRows } = options;
  const shape = productShape('Gemm', a, b, options);
  if (fewRows === true && beta === 1) {
    const result = { operator: 'Add', inputs: [product(g, a, b, options), c], type: 'float32', shape } as const;
    return g.emitOne({ ...result, differentiates: [a, b, c], ...(gradient === undefined ? {} : { gradient }) });
  }
  if (fewRows === 'perhaps' && beta === 1 && dependsOnThreads(a, b, options)) {
    const composition = gradient === undefined ? {} : { differentiates: [a, b, c], gradient };
    return byRows(g, shape, (few) => productPlus(g, [a, b, c], { ...options, fewRows: few }), composition);
  }
  if (shape.length !== 2 || !sameShape(broadcastShapes('Gemm', c.shape, shape), shape)) {
    throw new GraphError('shape', `Gemm: cannot add ${describeShape(c.shape)} to ${describeShape(shape)}.`);
  }
  return g.emitOne({
    operator: 'Gemm',
    inputs: [a, b, c],
    attributes: { transA: flag(transA), transB: flag(transB), alpha: { float: alpha }, beta: { float: beta } },
    type: 'float32',
    shape,
    ...(gradient === undefined ? {} : { gradient }),
  });
}

/** As many threads as there may be, each with so few columns that the length of the blocks depends on their number: five times 16. */
const SHARED_COLUMNS = 16 * 80;
/** Products that are no deeper are summed in one block, whatever its length. */
const ONE_BLOCK = 128;

/** Whether threads may have so small a share of the columns that it changes the sums; those of a transposed `a` never change. */
function dependsOnThreads(a: Value, b: Value, { transA = false, transB = false }: ProductOptions): boolean {
  const [columns, depth] = [dimAt(b.shape, transB ? -2 : -1), dimAt(a.shape, -1)];
  const shared = typeof columns === 'string' || columns < SHARED_COLUMNS;
  const deep = typeof depth === 'string' || depth > ONE_BLOCK;
  return !transA && b.origin !== 'frozen' && shared && deep;
}

/** A product [rows, columns] that is turned around in the runs in which it has fewer rows than columns. */
function byRows(
  g: GraphBuilder,
  shape: readonly Dim[],
  build: (fewRows: boolean) => Value,
  composition: Pick<NodeSpec, 'differentiates' | 'gradient'>,
): Value {
  const [rows, columns] = [dimAt(shape, -2), dimAt(shape, -1)].map((dim) => g.dimension(dim));
  if (rows === undefined || columns === undefined) throw new GraphError('node', 'A product has two dimensions.');
  const few = compare(g, 'Less', rows, columns);
  return either(
    g,
    few,
    () => build(true),
    () => build(false),
    composition,
  );
}

/** alpha a·b, added to `sum` where there is one. */
export function productOnto(
  g: GraphBuilder,
  sum: Value | undefined,
  a: Value,
  b: Value,
  options: ProductOptions,
): Value {
  return sum === undefined ? product(g, a, b, options) : productPlus(g, [a, b, sum], options);
}

/** A weight is narrow up to so many columns, as adapters are, or when its width is left to the run, as LoRA's rank is. */
const NARROW = 128;

/**
 * alpha aᵀ·b, over the rows that a [rows, m] and b [rows, n] have in common: the gradient of a weight. The kernel turns
 * its left operand piece by piece, so a narrow one goes there: 512 rows, m 384, n 8 take 250 µs, turned around 125.
 */
export function productOverRows(g: GraphBuilder, a: Value, b: Value, alpha = 1): Value {
  const [m, n] = [dimAt(a.shape, -1), dimAt(b.shape, -1)];
  const narrow = typeof n === 'string' ? typeof m === 'number' : n <= NARROW && typeof m === 'number' && m > n;
  return narrow
    ? transpose(g, product(g, b, a, { transA: true, alpha }), [1, 0])
    : product(g, a, b, { transA: true, alpha });
}

function flag(on: boolean): { int: number } {
  return { int: on ? 1 : 0 };
}
