import type { Int8Arithmetic } from '#autograd';

import { ModelError } from '../model-error.ts';
import type { PersonalisationShape } from '../encoder/build-classifier-step.ts';

/** By transposed copies of frozen matrices, or by the numbers for which their only copies stand. */
export type Gradients = NonNullable<Int8Arithmetic['gradients']>;

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

/**
 * How gradients flow through an encoder's blocks in int8 (`FrozenArithmetic`) so that their matrices take no more than a budget, whatever of
 * a client is trained in them: it is the same for all clients of a budget, and stays when profiles change. Throws ModelError
 * `model.memory-budget` where even one copy is more.
 */
export function gradientsWithin(sizes: Sizes, budgetBytes: number | undefined): Gradients {
  if (budgetBytes === undefined) return 'copies';
  const loraBlocks = Array.from({ length: sizes.layers }, (_, block) => block);
  const { int8, transposed } = encoderBlockBytes(sizes, { adapters: true, loraBlocks });
  if (int8 + transposed <= budgetBytes) return 'copies';
  if (int8 <= budgetBytes) return 'dequantised';
  throw new ModelError(
    'model.memory-budget',
    `The matrices of the base's blocks take ${megabytes(int8)} in int8, more than the ${megabytes(budgetBytes)} of base.memoryBudgetMegabytes: raise it to ${String(Math.ceil(int8 / 1e3) / 1e3)} at least, or choose a smaller base.`,
  );
}

function megabytes(count: number): string {
  return `${String(Number((count / 1e6).toPrecision(6)))} MB`;
}

/** Of a decoder's blocks below those that are tuned, from the top; nothing that is frozen stands above these. */
export function decoderBlockBytes({ layers, hidden, intermediate }: Sizes, trainableBlocks: number): BlockBytes {
  const numbers = Math.max(0, layers - trainableBlocks) * (4 * hidden ** 2 + 2 * hidden * intermediate);
  return { fp32: 4 * numbers, int8: numbers, transposed: 0 };
}
