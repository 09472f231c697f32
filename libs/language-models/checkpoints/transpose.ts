import type { Tensor } from '#parameters';

// Both tiles stay in the first-level cache: 2 × 32 × 32 × 4 bytes.
const TILE = 32;

/** A matrix with rows and columns exchanged, as a copy. */
export function transpose(matrix: Tensor): Tensor {
  const [rows = 1, columns = 1] = matrix.shape;
  const source = matrix.data;
  const data = new Float32Array(source.length);
  for (let top = 0; top < rows; top += TILE) {
    const bottom = Math.min(rows, top + TILE);
    for (let left = 0; left < columns; left += TILE) {
      const right = Math.min(columns, left + TILE);
      for (let row = top; row < bottom; row += 1) {
        for (let column = left; column < right; column += 1)
          data[column * rows + row] = source[row * columns + column] ?? 0;
      }
    }
  }
  return { shape: [columns, rows], data };
}
