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

const labels = z
  .array(z.string().min(1).max(256))
  .min(2)
  .max(10_000)
  .refine((names) => new Set(names).size === names.length, 'a label stands there twice');

/** A file of labelled rows that a site may have, to test every client on. */
const generalTest = z.strictObject({
  source: z.enum(['csv', 'jsonl']).default('csv'),
  file: z.string().min(1),
  text: columns.default('text'),
  label: z.string().min(1).default('label'),
});

/**
 * Real federation: the rows are where the clients are, named by each site's own file. The spec says which labels there are,
 * in the order of the head's outputs, so that sites agree on them without showing anything; and, if it likes, a general test.
 */
const atTheSites = z.strictObject({ source: z.literal('sites'), labels, test: generalTest.optional() });
export type GeneralTestSpec = z.infer<typeof generalTest>;

const files = [
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
  z.strictObject({
    source: z.literal('instructions'),
    /** A JSON array or JSON lines; without it, instructions that are made from WordNet. */
    train: z.string().min(1).optional(),
    test: z.string().min(1).optional(),
    format: z.enum(['alpaca', 'dolly', 'jsonl']).optional(),
    testFraction: z.number().gt(0).lt(1).optional(),
    limit: z.int().min(2).optional(),
  }),
] as const;

/** One client's own data, as the file of its site names them; paths are relative to that file. */
export const ownData = z.discriminatedUnion('source', files);
export type OwnData = z.infer<typeof ownData>;

/** Where labelled text comes from; paths are relative to the spec until it has been read. */
export const dataSpec = z.discriminatedUnion('source', [...files, atTheSites]);
export type DataSpec = z.infer<typeof dataSpec>;
