import type { Digest } from '#parameters';
import type { StepsProgress } from './train-steps.ts';

/** What happens while a model is trained on text, in this order. */
export type TrainingProgress =
  | { readonly phase: 'tokenizer'; readonly vocabulary: number }
  | { readonly phase: 'corpus'; readonly documents: number; readonly ofDocuments: number }
  | StepsProgress<{ readonly loss: number; readonly accuracy: number }>;

/** What came of it. Losses are mean cross-entropies in nats: over masked tokens for an encoder, over next tokens for a decoder, over those of the answers in instruction tuning. */
export interface TrainingReport {
  readonly out: string;
  /** How many numbers were trained. */
  readonly parameters: number;
  readonly vocabulary: number;
  readonly steps: number;
  readonly trainDocuments: number;
  readonly heldOutDocuments: number;
  readonly trainTokens: number;
  readonly corpusDigest: Digest;
  /** Mean over the latest 100 steps. */
  readonly trainLoss: number;
  readonly heldOutLoss: number;
  readonly heldOutPerplexity: number;
  /** Of the held-out targets, those whose likeliest token is right. */
  readonly heldOutAccuracy: number;
  /** Of the folder that was written, as experiments check it. */
  readonly digest: Digest;
}
