import { checkTensors, type Digest, type NamedTensors } from '#parameters';

import type { EncoderConfig } from '../checkpoints/encoder-config.ts';
import type { EncoderWeights } from '../checkpoints/load-encoder.ts';
import { ModelError } from '../model-error.ts';
import { adapterManifest } from '../personalisation/adapters.ts';
import { headManifest } from '../personalisation/head.ts';
import { loraManifest } from '../personalisation/lora.ts';
import type { Tokenizer } from '../tokenizers/tokenizer.ts';

/** What one client ends with: the base it shares with everyone, and the tensors that are its own. */
export interface PersonalisedModel {
  readonly experiment: string;
  readonly client: string;
  readonly base: EncoderWeights;
  readonly baseDigest: Digest;
  readonly tokenizer: Tokenizer;
  /** Label names, in the order of the head's outputs. */
  readonly labels: readonly string[];
  /** Texts are cut to this many tokens, special ones included. */
  readonly maxTokens: number;
  /** `head.*`, and `adapter.*` and `lora.*` where the client has them. */
  readonly tensors: NamedTensors;
  /** LoRA's alpha: alpha / rank scales what it adds. */
  readonly loraAlpha: number;
}

/** The sizes that a client's tensors imply; undefined where it has no adapters or no LoRA. */
export interface PersonalSizes {
  readonly width: number | undefined;
  readonly lora: { readonly rank: number; readonly blocks: readonly number[]; readonly alpha: number } | undefined;
}

/** Reads the sizes off the tensors and checks every name, shape and number. Throws ModelError `export.tensors`. */
export function personalSizes(model: PersonalisedModel): PersonalSizes {
  const { tensors, loraAlpha } = model;
  const { config } = model.base;
  const width = tensors.get('adapter.0.down.weight')?.shape[1];
  const blocks = loraBlocks(config, tensors);
  const rank = blocks[0] === undefined ? undefined : tensors.get(`lora.${blocks[0]}.query.a`)?.shape[0];
  const lora = rank === undefined ? undefined : { rank, blocks, alpha: loraAlpha };
  const problem = checkTensors(tensors, [
    ...(width === undefined ? [] : adapterManifest(config, width)),
    ...(lora === undefined ? [] : loraManifest(config, lora)),
    ...headManifest(config, model.labels.length),
  ]);
  if (problem !== undefined)
    throw new ModelError('export.tensors', `The tensors of ${model.client} do not fit its model: ${problem}`);
  return { width, lora };
}

function loraBlocks({ layers }: EncoderConfig, tensors: NamedTensors): number[] {
  return Array.from({ length: layers }, (_, block) => block).filter((block) => tensors.has(`lora.${block}.query.a`));
}
