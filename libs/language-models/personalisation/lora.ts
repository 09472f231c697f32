import { randomStream } from '#randomness';
import type { NamedTensors, Tensor, TensorManifest } from '#parameters';

import type { EncoderConfig } from '../checkpoints/encoder-config.ts';
import { filled, uniform } from './initial-values.ts';

/** The blocks (counted from 0 at the bottom) whose query and value projections get a LoRA of this rank. */
export interface LoraShape {
  readonly rank: number;
  readonly blocks: readonly number[];
}

export const LORA_TARGETS = ['query', 'value'] as const;

/** LoRA in PEFT's layout: `.a` is [rank, in], `.b` is [out, rank]; what is added to a projection is alpha/rank · b·a. */
export function loraManifest(config: EncoderConfig, { rank, blocks }: LoraShape): TensorManifest {
  return blocks.flatMap((block) =>
    LORA_TARGETS.flatMap((target) => [
      { name: `lora.${block}.${target}.a`, shape: [rank, config.hidden] },
      { name: `lora.${block}.${target}.b`, shape: [config.hidden, rank] },
    ]),
  );
}

/** PEFT's start (numerics B1): a ~ kaiming_uniform(√5), which is U(±1/√in), and b = 0, so that nothing changes yet. */
export function initialLora(config: EncoderConfig, shape: LoraShape, seed: number, client: string): NamedTensors {
  const bound = 1 / Math.sqrt(config.hidden);
  const tensors = new Map<string, Tensor>();
  for (const { name, shape: dimensions } of loraManifest(config, shape)) {
    const drawn = name.endsWith('.a');
    tensors.set(
      name,
      drawn ? uniform(dimensions, bound, randomStream(seed, 'initial-lora', client, name)) : filled(dimensions, 0),
    );
  }
  return tensors;
}
