import { z } from 'zod';
import { trainingSteps } from './pretrain-spec.ts';

const ownFiles = {
  train: z.string().min(1),
  test: z.string().min(1).optional(),
  testFraction: z.number().gt(0).lt(1).default(0.1),
  limit: z.int().min(2).optional(),
};

/** Where instructions come from; paths are relative to the spec until its reader makes them absolute. */
const instructionDataSpec = z.discriminatedUnion('source', [
  z.strictObject({ source: z.literal('instructions'), limit: z.int().min(2).optional() }),
  z.strictObject({ source: z.literal('alpaca'), ...ownFiles }),
  z.strictObject({ source: z.literal('dolly'), ...ownFiles }),
  z.strictObject({ source: z.literal('jsonl'), ...ownFiles }),
]);

/** Supervised instruction tuning of a GPT-2 on the server: the loss is over the answers alone. */
export const tuneSpec = z.strictObject({
  name: z.string().min(1).max(63).default('tuned'),
  /** A Hugging Face folder. */
  model: z.string().min(1),
  out: z.string().min(1),
  seed: z.int().min(0).default(0),
  data: instructionDataSpec,
  training: z
    .strictObject({
      steps: z.int().min(1).max(10_000_000).default(500),
      ...trainingSteps,
      learningRate: z.number().gt(0).max(1).default(5e-4),
      /** So many blocks from the top, or everything, embeddings included. */
      trainableBlocks: z.union([z.literal('all'), z.int().min(1).max(1000)]).default('all'),
    })
    .prefault({}),
  precision: z.enum(['fp32', 'fp16']).default('fp16'),
});
export type TuneSpec = z.infer<typeof tuneSpec>;
