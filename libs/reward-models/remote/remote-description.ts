import { z } from 'zod';

/** Where scores are in an answer: names and `*` (every item of a list), such as `rewards` or `data.*.score`. */
const path = z.string().regex(/^[^.\s]+(\.[^.\s]+)*$/, 'names joined by dots, such as rewards or data.*.score');

/** reward.json of a reward model that is a server elsewhere: where it is, and how it is asked. */
export const remoteDescription = z.strictObject({
  format: z.literal('airtune-reward-remote-1'),
  name: z.string().regex(/^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/, 'lower case, digits and dashes, at most 63'),
  version: z.string().min(1).max(32),
  url: z.url({ protocol: /^https?$/ }),
  /** `openrlhf`: {query, prompts, labels} to {rewards}, as OpenRLHF's remote reward models; or a mapping of your own. */
  ask: z
    .union([
      z.literal('openrlhf'),
      z.strictObject({
        /** The JSON to send, in which the texts {texts}, {prompts} and {completions} stand for lists. */
        body: z.record(z.string(), z.unknown()),
        scores: path,
      }),
    ])
    .default('openrlhf'),
  /** The text of one completion: what {texts} and OpenRLHF's `query` hold. */
  template: z
    .string()
    .refine((text) => text.includes('{completion}'), 'must contain {completion}')
    .default('{prompt}{completion}'),
  headers: z.record(z.string(), z.string()).default({}),
  batchSize: z.int().min(1).max(4096).default(64),
  timeoutMs: z.int().min(1).max(3_600_000).default(60_000),
  standardisation: z.strictObject({ mean: z.number(), deviation: z.number().gt(0) }).default({ mean: 0, deviation: 1 }),
  range: z.strictObject({ lowest: z.number(), highest: z.number() }),
});

export type RemoteDescription = z.infer<typeof remoteDescription>;
