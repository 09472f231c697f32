import { dimAt } from '../dims.ts';
import type { FrozenLayer, LinearScales } from '../frozen-layer.ts';
import type { GraphBuilder } from '../graph-builder.ts';
import { describeShape, GraphError } from '../graph-error.ts';
import { add } from '../operators/add.ts';
import type { FloatTensor, GradientRule, Value } from '../value.ts';
import { quantiseColumns, type QuantisedMatrix } from './quantise-columns.ts';
import { quantiseRows } from './quantise-rows.ts';

/** Up to so many products of 8 bits can be summed in 32: 255 · 127 · 65,536 < 2^31. */
const LONGEST_SUM = 65_536;

/**
 * x [rows, in] through a layer whose weight is kept as int8, each output channel by a scale of its own.
 *
 * Forward each row of x is quantised by itself (`quantiseRows`), so that a row's result does not depend on its batch-mates:
 * MatMulIntegerToFloat, then the row's scale and the bias. It takes some 10 to 20 % longer than DynamicQuantizeMatMul, which has
 * one scale for all rows. On the way back, where the batch
 * is what the training draws, that is what is used: dY, one scale for all of it, by the transposed weight as int8 by its own
 * channels. That second copy is made only where a gradient flows through the layer.
 */
export function int8Linear(
  g: GraphBuilder,
  x: Value,
  layer: FrozenLayer,
  { alpha, beta }: Required<LinearScales>,
  levels: number,
): Value {
  const { name, weight, bias, transposed = false } = layer;
  checkShapes(x, layer);
  checkLength(name, dimAt(x.shape, 1));
  const forward = scaled(quantised(weight, transposed, levels), alpha);
  const [, out] = forward.shape;
  const rows = dimAt(x.shape, 0);
  const gradient: GradientRule = ([dy]) => [
    dy === undefined
      ? undefined
      : { onto: (sum) => withSum(g, sum, backward(g, dy, { name, weight, transposed, alpha, levels })) },
  ];
  const { whole, scale, zero } = quantiseRows(g, x);
  const product = g.emitOne({
    operator: 'MatMulIntegerToFloat',
    domain: 'com.microsoft',
    inputs: [whole, ...frozenMatrix(g, `${name}.forward`, forward, g.scalar(1)), zero],
    type: 'float32',
    shape: [rows, out],
  });
  const result = { inputs: [product, scale], operator: 'Mul', type: 'float32', shape: [rows, out] } as const;
  if (bias === undefined) return g.emitOne({ ...result, differentiates: [x], gradient });
  const shift = g.frozen(`${name}.bias`, { shape: bias.shape, data: times(bias.data, beta) });
  const unshifted = g.emitOne(result);
  return g.emitOne({ ...result, operator: 'Add', inputs: [unshifted, shift], differentiates: [x], gradient });
}

/** dX = alpha dY·Wᵀ. */
function backward(
  g: GraphBuilder,
  dy: Value,
  { name, weight, transposed, alpha, levels }: Way & { readonly name: string },
): Value {
  checkLength(name, dimAt(dy.shape, 1));
  const turned = scaled(quantised(weight, !transposed, levels), alpha);
  const [matrix, , scales] = frozenMatrix(g, `${name}.backward`, turned, undefined);
  return g.emitOne({
    operator: 'DynamicQuantizeMatMul',
    domain: 'com.microsoft',
    inputs: [dy, matrix, scales],
    type: 'float32',
    shape: [dimAt(dy.shape, 0), turned.shape[1]],
  });
}

interface Way {
  readonly weight: FloatTensor;
  readonly transposed: boolean;
  readonly alpha: number;
  readonly levels: number;
}

function withSum(g: GraphBuilder, sum: Value | undefined, slope: Value): Value {
  return sum === undefined ? slope : add(g, sum, slope);
}

/** The matrix, the other operand's scale as it is given, and the matrix's scales: the order in which the operators take them. */
function frozenMatrix(
  g: GraphBuilder,
  name: string,
  { shape, data, scales }: QuantisedMatrix,
  between: Value | undefined,
): [Value, Value | undefined, Value] {
  const matrix = g.frozen(`${name}.int8`, { shape, data });
  return [matrix, between, g.frozen(`${name}.scales`, { shape: [scales.length], data: scales })];
}

function refusal(name: string, problem: string): GraphError {
  return new GraphError('int8-shape', `The layer ${name} cannot be computed in int8: ${problem}.`);
}

function checkLength(name: string, length: Value['shape'][number]): void {
  if (Number(length) > LONGEST_SUM)
    throw refusal(
      name,
      `sums of ${String(length)} products of 8 bits do not fit into 32, at most ${String(LONGEST_SUM)} do`,
    );
}

function checkShapes(x: Value, { name, weight, bias, transposed = false }: FrozenLayer): void {
  const refuse = (problem: string): GraphError => refusal(name, problem);
  const [height, width] = weight.shape;
  if (weight.shape.length !== 2 || height === undefined || width === undefined || height * width === 0)
    throw refuse(`its weight has shape ${describeShape(weight.shape)}, not [in, out]`);
  const [inner, out] = transposed ? [width, height] : [height, width];
  if (x.shape.length !== 2 || dimAt(x.shape, 1) !== inner || x.type !== 'float32')
    throw refuse(`it takes float32 of shape [rows, ${String(inner)}], not ${x.type} of ${describeShape(x.shape)}`);
  if (bias !== undefined && !(bias.shape.length === 1 && bias.shape[0] === out))
    throw refuse(`its bias has shape ${describeShape(bias.shape)}, not [${String(out)}]`);
}

// Graphs on the same base (prefix, step, generator) share what is made of its weights, for as long as these are held.
const made = new WeakMap<Float32Array, Map<string, unknown>>();

function remembered<T>(data: Float32Array, key: string, make: () => T): T {
  const known = made.get(data) ?? new Map<string, unknown>();
  made.set(data, known);
  const value = (known.get(key) ?? make()) as T;
  known.set(key, value);
  return value;
}

function quantised(weight: FloatTensor, transposed: boolean, levels: number): QuantisedMatrix {
  const key = `${transposed ? 'turned' : 'straight'} ${String(levels)}`;
  return remembered(weight.data, key, () => quantiseColumns(weight, transposed, levels));
}

function scaled(matrix: QuantisedMatrix, alpha: number): QuantisedMatrix {
  return { ...matrix, scales: times(matrix.scales, alpha) };
}

function times(data: Float32Array, factor: number): Float32Array {
  return factor === 1 ? data : remembered(data, `× ${String(factor)}`, () => data.map((number) => number * factor));
}
