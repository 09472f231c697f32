import { withFloats, type FrozenTensor, type Int8Tensor } from '../frozen-tensor.ts';

/** A matrix as whole numbers of 8 bits with one scale a column: element [i, j] is about whole[i, j] · scales[j]. */
export interface QuantisedMatrix extends Int8Tensor {
  /** [rows, columns], row-major. */
  readonly shape: readonly [number, number];
  readonly scales: Float32Array;
}

/**
 * Symmetric quantisation of a matrix [rows, columns], each column (of its transpose where `transposed`) by its own largest
 * magnitude, so that this becomes `levels`; halves are rounded to even, as ONNX's QuantizeLinear does. A column of zeros has scale 0.
 * The matrix is read at once for its scales, and again whenever the whole numbers are.
 */
export function quantiseColumns(matrix: FrozenTensor, transposed: boolean, levels: number): QuantisedMatrix {
  const [height = 0, width = 0] = matrix.shape;
  const largest = withFloats(matrix, (data) => largestMagnitudes(data, height, width, transposed));
  const scales = largest.map((most) => most / levels);
  const inverse = Float64Array.from(scales, (scale) => (scale === 0 ? 0 : 1 / scale));
  const whole = (x: number, column: number): number =>
    Math.max(-levels, Math.min(levels, roundedToEven(x * (inverse[column] ?? 0))));
  return {
    shape: transposed ? [width, height] : [height, width],
    scales,
    readInt8: () =>
      withFloats(matrix, (data) => (transposed ? wholeTransposed : wholeStraight)(data, height, width, whole)),
  };
}

type Whole = (x: number, column: number) => number;

function wholeStraight(data: Float32Array, height: number, width: number, whole: Whole): Int8Array {
  const numbers = new Int8Array(height * width);
  for (let row = 0, at = 0; row < height; row += 1)
    for (let column = 0; column < width; column += 1, at += 1) numbers[at] = whole(data[at] ?? 0, column);
  return numbers;
}

// Of a tile, what is read and what is written stays in the first-level cache.
const TILE = 64;

function wholeTransposed(data: Float32Array, height: number, width: number, whole: Whole): Int8Array {
  const numbers = new Int8Array(height * width);
  for (let top = 0; top < height; top += TILE) {
    const bottom = Math.min(height, top + TILE);
    for (let left = 0; left < width; left += TILE) {
      const right = Math.min(width, left + TILE);
      for (let row = top; row < bottom; row += 1)
        for (let column = left; column < right; column += 1)
          numbers[column * height + row] = whole(data[row * width + column] ?? 0, row);
    }
  }
  return numbers;
}

/** Of each column, or of each row where `transposed`. */
function largestMagnitudes(data: Float32Array, height: number, width: number, transposed: boolean): Float32Array {
  const largest = new Float32Array(transposed ? height : width);
  for (let row = 0; row < height; row += 1) {
    for (let column = 0; column < width; column += 1) {
      const at = transposed ? row : column;
      const magnitude = Math.abs(data[row * width + column] ?? 0);
      if (magnitude > (largest[at] ?? 0)) largest[at] = magnitude;
    }
  }
  return largest;
}

/** Adding and taking off 1.5 · 2^52 leaves no bits for a fraction: the addition itself rounds. */
const WHOLE = 1.5 * 2 ** 52;

function roundedToEven(x: number): number {
  return x + WHOLE - WHOLE;
}
