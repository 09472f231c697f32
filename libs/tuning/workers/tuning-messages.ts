import type { TensorRecipe } from '../clients/tensor-recipe.ts';
import type { TuningBase } from '../learner/classifier-session.ts';
import type { Evaluation } from '../learner/evaluate.ts';
import type { TuningSettings } from '../learner/tune-locally.ts';
import type { Job } from './job-pool.ts';
import type { RequiredBase } from './require-base.ts';

/** What a worker must have open to serve a job. */
export interface WorkerBase extends TuningBase, RequiredBase {
  /** Texts are cut to so many tokens, special ones included. */
  readonly maxTokens: number;
}

export interface LabelledTexts {
  readonly texts: readonly string[];
  /** Class indices, one a text. */
  readonly labels: readonly number[];
}

/** Safetensors that together are a client's trainable tensors; a worker answers with the same split. */
export type TensorParts = readonly Uint8Array[];

export interface TuneRequest {
  readonly kind: 'tune';
  readonly parts: TensorParts;
  readonly examples: LabelledTexts;
  /** Indices into `examples`, one list a step. */
  readonly batches: readonly (readonly number[])[];
  readonly settings: TuningSettings;
  /** The optimiser's state at the end of the client's last round; without it the round starts afresh. */
  readonly moments?: Moments;
  readonly wantMoments?: boolean;
}

/** An optimiser's state: steps taken, and its averages as safetensors. */
export interface Moments {
  readonly step: number;
  readonly averages: Uint8Array;
}

export interface EvaluateRequest {
  readonly kind: 'evaluate';
  readonly parts: TensorParts;
  readonly sets: readonly LabelledTexts[];
  readonly batchSize: number;
  readonly loraScale: number;
}

/** Asks for tensors before any training: drawing a few hundred thousand numbers takes too long for the event loop. */
export interface InitialRequest {
  readonly kind: 'initial';
  readonly recipes: readonly TensorRecipe[];
}

/** Safetensors, one for each recipe. */
export interface InitialAnswer {
  readonly outcome: 'initial';
  readonly parts: TensorParts;
}

export type TuneAnswer =
  | {
      readonly outcome: 'trained';
      readonly parts: TensorParts;
      readonly losses: readonly number[];
      readonly moments?: Moments;
    }
  | { readonly outcome: 'stopped'; readonly message: string };

export interface EvaluateAnswer {
  readonly outcome: 'evaluated';
  readonly evaluations: readonly Evaluation[];
}

export interface StepProgress {
  /** Steps done, of `steps`. */
  readonly step: number;
  readonly steps: number;
  readonly loss: number;
}

/** What a worker does in a job. */
export type TuningWork = TuneRequest | EvaluateRequest | InitialRequest;

/** One job as it crosses to a worker; its progress is {@link StepProgress}. */
export type WorkerJob = Job<WorkerBase, TuningWork>;
