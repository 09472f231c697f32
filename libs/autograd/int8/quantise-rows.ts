import { dimAt } from '../dims.ts';
import type { GraphBuilder } from '../graph-builder.ts';
import type { Value } from '../value.ts';

/** A matrix as whole numbers: element [i, j] is about (whole[i, j] − zero) · scale[i]. */
export interface QuantisedRows {
  /** uint8 [rows, columns]. */
  readonly whole: Value;
  /** float32 [rows, 1]. */
  readonly scale: Value;
  /** uint8 []. */
  readonly zero: Value;
}

const LEVELS = 127;
const ZERO = 128;

/**
 * Each row of x [rows, columns] by its own largest magnitude: round(x / scale) + 128 with scale = max |x| / 127, halves to even. Layers
 * that read the same x share it. Of a row of zeros every number is the zero.
 */
export function quantiseRows(g: GraphBuilder, x: Value): QuantisedRows {
  const rows = dimAt(x.shape, 0);
  const row = { type: 'float32', shape: [rows] } as const;
  const magnitudes = g.emitOne({ operator: 'Abs', inputs: [x], type: 'float32', shape: x.shape });
  const largest = g.emitOne({
    operator: 'ReduceMax',
    inputs: [magnitudes, g.integers([1])],
    attributes: { keepdims: { int: 0 } },
    ...row,
  });
  // A row of zeros must not be divided by zero.
  const positive = g.emitOne({ operator: 'Max', inputs: [largest, g.scalar(2 ** -100)], ...row });
  const scales = g.emitOne({ operator: 'Mul', inputs: [positive, g.scalar(1 / LEVELS)], ...row });
  const zero = g.constant(Uint8Array.of(ZERO), 'uint8', []);
  const whole = g.emitOne({
    operator: 'QuantizeLinear',
    inputs: [x, scales, zeroOfEachRow(g, x, zero)],
    attributes: { axis: { int: 0 } },
    type: 'uint8',
    shape: x.shape,
  });
  const scale = g.emitOne({
    operator: 'Unsqueeze',
    inputs: [scales, g.integers([1])],
    type: 'float32',
    shape: [rows, 1],
  });
  return { whole, scale, zero };
}

function zeroOfEachRow(g: GraphBuilder, x: Value, zero: Value): Value {
  const attributes = { start: { int: 0 }, end: { int: 1 } };
  const count = g.emitOne({ operator: 'Shape', inputs: [x], attributes, type: 'int64', shape: [1] });
  return g.emitOne({ operator: 'Expand', inputs: [zero, count], type: 'uint8', shape: [dimAt(x.shape, 0)] });
}
