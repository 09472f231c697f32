import { z } from 'zod';

/** Masked-language-model pre-training of an encoder from text (the paper's stage 1). */
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
  model: z
    .strictObject({
      type: z.enum(['bert', 'roberta']).default('bert'),
      layers: z.int().min(1).max(96).default(4),
      hidden: z.int().min(8).max(8192).default(128),
      heads: z.int().min(1).max(128).default(4),
      intermediate: z.int().min(8).max(65_536).default(512),
      maxPositions: z.int().min(8).max(8192).default(128),
    })
    .prefault({}),
  training: z
    .strictObject({
      steps: z.int().min(1).max(10_000_000).default(2000),
      batchSize: z.int().min(1).max(4096).default(64),
      maxTokens: z.int().min(8).max(8192).default(64),
      learningRate: z.number().gt(0).max(1).default(1e-3),
      warmupFraction: z.number().min(0).max(1).default(0.05),
      weightDecay: z.number().min(0).max(1).default(0.01),
      clipNorm: z.number().gt(0).max(1e6).default(1),
      maskFraction: z.number().gt(0).max(0.9).default(0.15),
      saveEverySteps: z.int().min(1).default(200),
      evaluateEverySteps: z.int().min(1).default(200),
    })
    .prefault({}),
  precision: z.enum(['fp32', 'fp16']).default('fp16'),
});
export type PretrainSpec = z.infer<typeof pretrainSpec>;
