import { dimAt } from '../dims.ts';
import type { FrozenLayer, Int8Arithmetic, LinearScales } from '../frozen-layer.ts';
import { floatsOf, type FloatTensor, type FrozenTensor } from '../frozen-tensor.ts';
import type { GraphBuilder } from '../graph-builder.ts';
import { describeShape, GraphError } from '../graph-error.ts';
import { add } from '../operators/add.ts';
import { cast } from '../operators/cast.ts';
import { matMul } from '../operators/matmul.ts';
import { mul } from '../operators/mul.ts';
import type { GradientRule, Value } from '../value.ts';
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
 * channels. That second copy is made only where a gradient flows through the layer, and not at all where `gradients` says
 * `dequantised`: then it is dY by the fp32 numbers for which the first copy stands.
 */
export function int8Linear(
  g: GraphBuilder,
  x: Value,
  layer: FrozenLayer,
  { alpha, beta }: Required<LinearScales>,
  { levels, gradients = 'copies' }: Pick<Int8Arithmetic, 'levels' | 'gradients'>,
): Value {
  const { name, weight, bias, transposed = false } = layer;
  checkShapes(x, layer);
  checkLength(name, dimAt(x.shape, 1));
  const forward = quantised(weight, transposed, levels);
  const [, out] = forward.shape;
  const rows = dimAt(x.shape, 0);
  const backward = gradients === 'copies' ? byCopy : byFloats;
  const gradient: GradientRule = ([dy]) => [
    dy === undefined
      ? undefined
      : { onto: (sum) => withSum(g, sum, backward(g, dy, { name, weight, transposed, alpha, levels })) },
  ];
  const { whole, scale, zero } = quantiseRows(g, x);
  const { matrix, scales } = frozenMatrix(g, `${name}.forward`, forward, alpha);
  const product = g.emitOne({
    operator: 'MatMulIntegerToFloat',
    domain: 'com.microsoft',
    inputs: [whole, matrix, g.scalar(1), scales, zero],
    type: 'float32',
    shape: [rows, out],
  });
  const result = { inputs: [product, scale], operator: 'Mul', type: 'float32', shape: [rows, out] } as const;
  if (bias === undefined) return g.emitOne({ ...result, differentiates: [x], gradient });
  const shift = g.frozen(`${name}.bias`, times(bias, beta));
  const unshifted = g.emitOne(result);
  return g.emitOne({ ...result, operator: 'Add', inputs: [unshifted, shift], differentiates: [x], gradient });
}

/** dX = alpha dY·Wᵀ, by whole numbers. */
function byCopy(g: GraphBuilder, dy: Value, { name, weight, transposed, alpha, levels }: Way): Value {
  checkLength(name, dimAt(dy.shape, 1));
  const turned = quantised(weight, !transposed, levels);
  const { matrix, scales } = frozenMatrix(g, `${name}.backward`, turned, alpha);
  return g.emitOne({
    operator: 'DynamicQuantizeMatMul',
    domain: 'com.microsoft',
    inputs: [dy, matrix, scales],
    type: 'float32',
    shape: [dimAt(dy.shape, 0), turned.shape[1]],
  });
}

/** The same by the floats that the whole numbers stand for. */
function byFloats(g: GraphBuilder, dy: Value, { name, weight, transposed, alpha, levels }: Way): Value {
  const straight = quantised(weight, transposed, levels);
  const { matrix, scales } = frozenMatrix(g, `${name}.forward`, straight, alpha);
  // Of constants alone, ONNX Runtime would make the floats once and keep them.
  const rows = cast(g, g.dimension(dimAt(dy.shape, 0)), 'float32');
  const one = g.emitOne({ operator: 'Min', inputs: [rows, g.scalar(1)], type: 'float32', shape: [1] });
  const floats = g.emitOne({
    operator: 'DequantizeLinear',
    inputs: [matrix, mul(g, scales, one)],
    attributes: { axis: { int: 1 } },
    type: 'float32',
    shape: straight.shape,
  });
  return matMul(g, dy, floats, { transB: true, fewRows: 'perhaps' });
}

/** A layer's weight [in, out], or [out, in] where `transposed`, as the way back reads it. */
interface Way {
  readonly name: string;
  readonly weight: FrozenTensor;
  readonly transposed: boolean;
  readonly alpha: number;
  readonly levels: number;
}

function withSum(g: GraphBuilder, sum: Value | undefined, slope: Value): Value {
  return sum === undefined ? slope : add(g, sum, slope);
}

/** The whole numbers int8 [rows, columns] and, alpha times, their scales float32 [columns], as parts of the graph. */
function frozenMatrix(
  g: GraphBuilder,
  name: string,
  quantised: QuantisedMatrix,
  alpha: number,
): { readonly matrix: Value; readonly scales: Value } {
  const scales = remembered(quantised, 'scales', () => ({ shape: [quantised.scales.length], data: quantised.scales }));
  return { matrix: g.frozen(`${name}.int8`, quantised), scales: g.frozen(`${name}.scales`, times(scales, alpha)) };
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

// Graphs on the same base (prefix, step, generator) share the scales of its weights, for as long as these are held.
const made = new WeakMap<object, Map<string, unknown>>();

function remembered<T>(of: object, key: string, make: () => T): T {
  const known = made.get(of) ?? new Map<string, unknown>();
  made.set(of, known);
  const value = (known.get(key) ?? make()) as T;
  known.set(key, value);
  return value;
}

function quantised(weight: FrozenTensor, transposed: boolean, levels: number): QuantisedMatrix {
  const key = `${transposed ? 'turned' : 'straight'} ${String(levels)}`;
  return remembered(weight, key, () => quantiseColumns(weight, transposed, levels));
}

/** Of a vector, which is small. */
function times(vector: FrozenTensor, factor: number): FrozenTensor {
  if (factor === 1) return vector;
  const multiplied = (): FloatTensor => ({ shape: vector.shape, data: floatsOf(vector).map((x) => x * factor) });
  return remembered(vector, `× ${String(factor)}`, multiplied);
}
