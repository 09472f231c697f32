import { z } from 'zod';

const sizes = {
  layers: z.int().min(1).max(96).default(4),
  hidden: z.int().min(8).max(8192).default(128),
  heads: z.int().min(1).max(128).default(4),
  /** Of the feed-forward; default 4 × hidden. */
  intermediate: z.int().min(8).max(65_536).optional(),
};
const maxPositions = z.int().min(8).max(8192).default(128);
const modelShape = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('bert'), ...sizes, maxPositions }),
  z.strictObject({ type: z.literal('roberta'), ...sizes, maxPositions }),
  /** `context`: the longest sequence. */
  z.strictObject({ type: z.literal('gpt2'), ...sizes, context: z.int().min(8).max(8192).default(128) }),
]);

/** How steps are taken; the same for pre-training and instruction tuning. */
export const trainingSteps = {
  batchSize: z.int().min(1).max(4096).default(64),
  maxTokens: z.int().min(8).max(8192).default(64),
  learningRate: z.number().gt(0).max(1).default(1e-3),
  warmupFraction: z.number().min(0).max(1).default(0.05),
  weightDecay: z.number().min(0).max(1).default(0.01),
  clipNorm: z.number().gt(0).max(1e6).default(1),
  saveEverySteps: z.int().min(1).default(200),
  evaluateEverySteps: z.int().min(1).default(200),
};

/** Pre-training from text (the paper's stage 1): an encoder on masked words, a GPT-2 on next tokens. */
export const pretrainSpec = z.strictObject({
  name: z.string().min(1).max(63).default('encoder'),
  out: z.string().min(1),
  seed: z.int().min(0).default(0),
  text: z.discriminatedUnion('source', [
    z.strictObject({ source: z.literal('wordnet') }),
    z.strictObject({
      source: z.literal('text'),
      files: z.array(z.string().min(1)).min(1).max(10_000),
      heldOutFraction: z.number().gt(0).lt(0.5).default(0.02),
    }),
  ]),
  tokenizer: z
    .strictObject({ vocabulary: z.int().min(300).max(200_000).default(8192), lowerCase: z.boolean().default(true) })
    .prefault({}),
  model: z.preprocess(bertByDefault, modelShape).prefault({}),
  training: z
    .strictObject({
      steps: z.int().min(1).max(10_000_000).default(2000),
      ...trainingSteps,
      /** Encoders only. */
      maskFraction: z.number().gt(0).max(0.9).default(0.15),
    })
    .prefault({}),
  precision: z.enum(['fp32', 'fp16']).default('fp16'),
});
export type PretrainSpec = z.infer<typeof pretrainSpec>;

function bertByDefault(model: unknown): unknown {
  const named = typeof model !== 'object' || model === null || Array.isArray(model) || 'type' in model;
  return named ? model : { type: 'bert', ...model };
}
