import type { ExperimentSpec } from '#contracts';
import { longestSequence, type EncoderConfig } from '#language-models';
import { TuningError } from '../tuning-error.ts';

/** What one client trains with: the spec's settings, and its own profile where it has one. */
export interface ClientProfile {
  readonly lora: {
    readonly rank: number;
    readonly alpha: number;
    /** Blocks that have a LoRA, counted from 0 at the bottom. */
    readonly blocks: readonly number[];
  };
  readonly deviceClass: string;
}

const DEFAULT_DEVICE_CLASS = 'standard';

/**
 * The profile that the spec gives a client, on a device of the class that its site says where the spec says none.
 * Throws `spec.lora-blocks` or `spec.lora-rank`, naming the field, when it asks for more than the model has.
 */
export function clientProfile(
  spec: ExperimentSpec,
  client: string,
  config: Pick<EncoderConfig, 'layers' | 'hidden'>,
  deviceClass = DEFAULT_DEVICE_CLASS,
): ClientProfile {
  const own = spec.profiles[client];
  const asked = own?.lora?.blocks ?? spec.lora.blocks;
  const count = asked === 'all' ? config.layers : asked;
  if (count > config.layers) {
    const field = own?.lora?.blocks === undefined ? 'lora.blocks' : `profiles.${client}.lora.blocks`;
    throw new TuningError(
      'spec.lora-blocks',
      `${field}: ${count} blocks from the top are asked for, and the model has ${config.layers}.`,
    );
  }
  const rank = own?.lora?.rank ?? spec.lora.rank;
  if (rank > config.hidden) {
    const field = own?.lora?.rank === undefined ? 'lora.rank' : `profiles.${client}.lora.rank`;
    throw new TuningError(
      'spec.lora-rank',
      `${field}: ${rank} is more than the ${config.hidden} dimensions of the model.`,
    );
  }
  return {
    lora: {
      rank,
      alpha: own?.lora?.alpha ?? spec.lora.alpha,
      blocks: Array.from({ length: count }, (_, i) => config.layers - count + i),
    },
    deviceClass: own?.deviceClass ?? deviceClass,
  };
}

/** Throws `spec.max-tokens` when texts may become longer than the model can number positions. */
export function checkSequenceLength(spec: ExperimentSpec, config: EncoderConfig): void {
  const longest = longestSequence(config);
  if (spec.training.maxTokens <= longest) return;
  throw new TuningError(
    'spec.max-tokens',
    `training.maxTokens: ${spec.training.maxTokens} is more than the ${longest} positions of the model.`,
  );
}
