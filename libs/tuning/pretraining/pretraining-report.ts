import type { Digest } from '#parameters';

/** What happens while an encoder is pre-trained, in this order. */
export type PretrainingProgress =
  | { readonly phase: 'tokenizer'; readonly vocabulary: number }
  | { readonly phase: 'corpus'; readonly documents: number; readonly ofDocuments: number }
  | { readonly phase: 'resumed'; readonly step: number; readonly steps: number }
  | {
      readonly phase: 'step';
      readonly step: number;
      readonly steps: number;
      readonly loss: number;
      readonly learningRate: number;
    }
  | {
      readonly phase: 'held-out';
      readonly step: number;
      readonly steps: number;
      readonly loss: number;
      readonly accuracy: number;
    }
  | { readonly phase: 'saved'; readonly step: number };

/** What came of it. Losses are mean cross-entropies in nats over masked tokens. */
export interface PretrainingReport {
  readonly out: string;
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
  /** Of the masked held-out tokens, those whose most likely word is right. */
  readonly heldOutAccuracy: number;
  /** Of the folder that was written, as experiments check it. */
  readonly digest: Digest;
}
