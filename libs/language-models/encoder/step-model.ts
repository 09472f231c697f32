import type { Dim, OnnxModel } from '#autograd';

/** A tensor that a step model trains: fed under its own name, its gradient fetched as `gradient.<name>`. */
export interface TrainableInput {
  readonly name: string;
  /** Strings are dimensions that may differ from run to run (LoRA rank of a block, adapter width). */
  readonly shape: readonly Dim[];
}

/**
 * One graph for training and evaluation, compiled for one `Session`.
 *
 * Inputs: `ids` int64 [batch, sequence]; `mask` int64 [batch, sequence], 1 for a token and 0 for padding on the right;
 * `train` bool []; those that the builder's docstring adds; and every trainable tensor, float32, by its name.
 * Outputs: `loss` float32 []; those that the builder adds; `gradient.<name>` float32 in the shape of each trainable,
 * which is empty (shape [0]) when `train` is false, and the run then costs the forward pass only.
 */
export interface StepModel {
  readonly model: OnnxModel;
  readonly trainable: readonly TrainableInput[];
}

/** The output that holds the gradient of a trainable tensor. */
export function gradientName(name: string): string {
  return `gradient.${name}`;
}
