import type { FloatTensor } from '../value.ts';

/** A matrix as whole numbers of 8 bits with one scale a column: element [i, j] is about data[i, j] · scales[j]. */
export interface QuantisedMatrix {
  /** [rows, columns], row-major. */
  readonly shape: readonly [number, number];
  readonly data: Int8Array;
  readonly scales: Float32Array;
}

/**
 * Symmetric quantisation of a matrix [rows, columns], each column (of its transpose where `transposed`) by its own largest
 * magnitude, so that this becomes `levels`; halves are rounded to even, as ONNX's QuantizeLinear does. A column of zeros has scale 0.
 */
export function quantiseColumns(matrix: FloatTensor, transposed: boolean, levels: number): QuantisedMatrix {
  const [height = 0, width = 0] = matrix.shape;
  const [rows, columns] = transposed ? [width, height] : [height, width];
  const largest = largestMagnitudes(matrix, transposed);
  const scales = largest.map((most) => most / levels);
  const inverse = Float64Array.from(scales, (scale) => (scale === 0 ? 0 : 1 / scale));
  const data = new Int8Array(rows * columns);
  for (let row = 0; row < height; row += 1) {
    for (let column = 0; column < width; column += 1) {
      const to = transposed ? column * height + row : row * width + column;
      const exact = (matrix.data[row * width + column] ?? 0) * (inverse[transposed ? row : column] ?? 0);
      data[to] = Math.max(-levels, Math.min(levels, roundedToEven(exact)));
    }
  }
  return { shape: [rows, columns], data, scales };
}

/** Of each column, or of each row where `transposed`. */
function largestMagnitudes({ shape, data }: FloatTensor, transposed: boolean): Float32Array {
  const [height = 0, width = 0] = shape;
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
