import { z } from 'zod';

const columns = z.union([z.string().min(1), z.array(z.string().min(1)).min(1).max(32)]);
const ownFiles = {
  train: z.string().min(1),
  test: z.string().min(1).optional(),
  text: columns.default('text'),
  label: z.string().min(1).default('label'),
  testFraction: z.number().gt(0).lt(1).default(0.2),
  limit: z.int().min(2).optional(),
};

/** Where labelled text comes from; paths are relative to the spec until `resolveSpec` makes them absolute. */
export const dataSpec = z.discriminatedUnion('source', [
  z.strictObject({
    source: z.literal('ag-news'),
    train: z.string().min(1),
    test: z.string().min(1).optional(),
    testFraction: z.number().gt(0).lt(1).default(0.2),
    limit: z.int().min(2).optional(),
  }),
  z.strictObject({
    source: z.literal('wordnet-topics'),
    topics: z.array(z.string().min(1)).min(2).max(26).optional(),
    limit: z.int().min(2).optional(),
  }),
  z.strictObject({ source: z.literal('csv'), ...ownFiles }),
  z.strictObject({ source: z.literal('jsonl'), ...ownFiles }),
]);
export type DataSpec = z.infer<typeof dataSpec>;
