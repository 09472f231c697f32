import { z } from 'zod';
import { rewardModelName } from '../vocabulary.ts';

const limit = z.int().min(2).max(5_000_000).optional();
const files = {
  train: z.string().min(1),
  test: z.string().min(1).optional(),
  testFraction: z.number().gt(0).lt(1).default(0.1),
  limit,
};

const pairSource = z.discriminatedUnion('source', [
  z.strictObject({ source: z.literal('hh-rlhf'), ...files }),
  z.strictObject({ source: z.literal('alpaca-eval'), ...files }),
  z.strictObject({ source: z.literal('jsonl'), ...files }),
  z.strictObject({ source: z.literal('wordnet-answers'), aspect: z.enum(['helpfulness', 'safety']), limit }),
]);

/** Training of a reward model from ranked pairs, starting from an encoder or a decoder in a Hugging Face folder. */
export const rewardSpec = z.strictObject({
  name: rewardModelName,
  version: z
    .string()
    .regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,31}$/, 'a version is letters, digits, dots, dashes, at most 32')
    .default('1'),
  model: z.string().min(1),
  /** One source of pairs, or a list of them. */
  pairs: z.preprocess(
    (value) => (Array.isArray(value) || value === undefined ? value : [value]),
    z.array(pairSource).min(1).max(16),
  ),
  seed: z.int().min(0).default(0),
  training: z
    .strictObject({
      epochs: z.int().min(1).max(1000).default(2),
      batchSize: z.int().min(1).max(1024).default(16),
      learningRate: z.number().gt(0).max(1).default(5e-4),
      maxTokens: z.int().min(8).max(8192).default(128),
      /** What is trained beside the head: everything, or so many blocks from the top. */
      trainableBlocks: z.union([z.literal('all'), z.int().min(0).max(1000)]).default('all'),
      warmupFraction: z.number().min(0).max(1).default(0.1),
      weightDecay: z.number().min(0).max(1).default(0.01),
      clipNorm: z.number().gt(0).max(1e6).default(1),
      saveEverySteps: z.int().min(1).default(100),
      evaluateEverySteps: z.int().min(1).default(200),
    })
    .prefault({}),
  precision: z.enum(['fp32', 'fp16']).default('fp16'),
  out: z.string().min(1),
});
export type RewardSpec = z.infer<typeof rewardSpec>;
