import type { PersonalisationShape } from '../encoder/build-classifier-step.ts';

/** What the matrices of a base's blocks take, in bytes, if no layer stays in fp32 for its outliers. */
export interface BlockBytes {
  readonly fp32: number;
  readonly int8: number;
  /** Of the second copies in int8, transposed, by which gradients flow on. */
  readonly transposed: number;
}

interface Sizes {
  readonly layers: number;
  readonly hidden: number;
  readonly intermediate: number;
}

/** Of an encoder that is tuned as `buildClassifierStep` does. */
export function encoderBlockBytes(
  { layers, hidden, intermediate }: Sizes,
  { adapters, loraBlocks }: Pick<PersonalisationShape, 'adapters' | 'loraBlocks'>,
): BlockBytes {
  const square = hidden ** 2;
  const lowestLora = Math.min(...new Set(loraBlocks));
  // An adapter ends its block: what it learns from flows through those above.
  const lowestTrained = Math.min(lowestLora, adapters ? 0 : Infinity);
  const sum = { fp32: 0, int8: 0, transposed: 0 };
  for (let block = 0; block < layers; block += 1) {
    // Key and value of the last block are applied to a single token, and stay fp32.
    const [projections, exact] = block === layers - 1 ? [square, 2 * square] : [3 * square, 0];
    const rest = square + 2 * hidden * intermediate;
    sum.fp32 += 4 * (projections + exact + rest);
    sum.int8 += projections + 4 * exact + rest;
    if (block > lowestTrained) sum.transposed += projections + rest;
    // A LoRA stands beside query and value: its gradient comes through what follows these.
    else if (block === lowestLora) sum.transposed += rest;
  }
  return sum;
}

/** Of a decoder's blocks below those that are tuned, from the top; nothing that is frozen stands above these. */
export function decoderBlockBytes({ layers, hidden, intermediate }: Sizes, trainableBlocks: number): BlockBytes {
  const numbers = Math.max(0, layers - trainableBlocks) * (4 * hidden ** 2 + 2 * hidden * intermediate);
  return { fp32: 4 * numbers, int8: numbers, transposed: 0 };
}
