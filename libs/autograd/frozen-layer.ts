import type { FrozenTensor } from './frozen-tensor.ts';

/** A frozen layer: weight [in, out], or [out, in] where `transposed`; bias [out]. */
export interface FrozenLayer {
  readonly name: string;
  readonly weight: FrozenTensor;
  readonly bias?: FrozenTensor | undefined;
  readonly transposed?: boolean;
}

/** alpha x·weight + beta bias; both 1 by default. */
export interface LinearScales {
  readonly alpha?: number;
  readonly beta?: number;
}

/** How products with frozen matrices are computed. */
export type FrozenArithmetic = { readonly precision: 'fp32' } | Int8Arithmetic;

export interface Int8Arithmetic {
  readonly precision: 'int8';
  /** Weights are whole numbers from −levels to levels: 127, or 63 where the processor's sums of products saturate (`probeInt8`). */
  readonly levels: Int8Levels;
  /** Layers that are computed in fp32 all the same. */
  readonly exceptions: ReadonlySet<string>;
  /**
   * How gradients flow back through a layer: by a second, transposed int8 copy of its weight (default), or by the numbers in fp32 for
   * which its only copy stands, made when they are needed. The latter takes longer, and half the memory.
   */
  readonly gradients?: 'copies' | 'dequantised';
}

export type Int8Levels = 127 | 63;
