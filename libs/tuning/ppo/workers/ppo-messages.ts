import type { BasePrecision } from '#language-models';
import type { ChannelFamily } from '#parameters';
import type { RequiredBase } from '../../workers/require-base.ts';
import type { Moments, TensorParts } from '../../workers/tuning-messages.ts';
import type { DrawnCompletion } from '../learner/pack-completions.ts';
import type { UpdateFigures, UpdateSettings } from '../learner/update-policy.ts';
import type { LossSettings } from '../numerics/clipped-losses.ts';

/** What a worker must have open to draw completions and to learn from them. */
export interface PolicyBase extends LossSettings, RequiredBase {
  /** What products with the base's own matrices are computed in; default fp32. */
  readonly precision?: BasePrecision;
  readonly trainableBlocks: number;
  /** The part of the visible keys that queries of the tuned blocks leave out. */
  readonly attentionSparsity: number;
  readonly temperature: number;
}

/** Asks for completions of the first `count` prompts that leave room for `maxNewTokens`, each from a stream of its own. */
export interface RolloutRequest {
  readonly kind: 'rollout';
  /** The tuned tensors as safetensors. */
  readonly tuned: Uint8Array;
  /** Texts in the order in which they are to be taken. */
  readonly prompts: readonly string[];
  readonly count: number;
  readonly maxNewTokens: number;
  /** Longer prompts are passed over. */
  readonly maxPromptTokens: number;
  /** The key of the streams; a completion's place is added. */
  readonly stream: {
    readonly seed: number;
    readonly purpose: string;
    readonly coordinates: readonly (string | number)[];
  };
}

/** A completion as people and reward models read it, and as it is learned from. */
export interface Rollout extends DrawnCompletion {
  readonly promptText: string;
  readonly text: string;
  readonly ended: boolean;
}

export interface RolloutAnswer {
  readonly outcome: 'drawn';
  readonly rollouts: readonly Rollout[];
  /** Prompts that were passed over because they are too long. */
  readonly tooLong: number;
}

export interface UpdateRequest {
  readonly kind: 'update';
  /** Tuned tensors and value head. */
  readonly parts: TensorParts;
  /** The global model that the round began with. */
  readonly global: Uint8Array;
  readonly klReference: 'base' | 'round-start';
  readonly completions: readonly DrawnCompletion[];
  /** The client's weighted reward of each. */
  readonly scores: readonly number[];
  readonly settings: UpdateSettings;
  readonly sparse?: {
    readonly families: readonly ChannelFamily[];
    readonly kept: readonly (readonly [string, readonly number[]])[];
  };
  /** The optimiser's state after the round's last update. */
  readonly moments?: Moments;
}

export type UpdateAnswer =
  | {
      readonly outcome: 'updated';
      readonly parts: TensorParts;
      readonly moments: Moments;
      readonly figures: UpdateFigures;
    }
  | {
      readonly outcome: 'stopped';
      readonly reason: 'kl-limit' | 'loss-not-finite';
      readonly message: string;
      readonly kl: number;
    };

/** Asks for tuned tensors and value head before any training: the base's own, and zeros. */
export interface InitialPolicyRequest {
  readonly kind: 'initial';
}

export interface InitialPolicyAnswer {
  readonly outcome: 'initial';
  readonly parts: TensorParts;
}

export type PolicyRequest = RolloutRequest | UpdateRequest | InitialPolicyRequest;
