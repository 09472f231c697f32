import { completionItems, rewardScore, scoreRange } from '#contracts';
import { z } from 'zod';

const digest = z.templateLiteral(['sha256:', z.string().regex(/^[0-9a-f]{64}$/)]);

/** What `POST /score` takes. Without `request` nothing is remembered. */
export const scoreQuestion = z.strictObject({
  request: z.string().min(1).max(200).optional(),
  items: completionItems,
});

/** What `GET /model` answers: the card of the reward model. */
export const modelAnswer = z.strictObject({
  model: z.string(),
  version: z.string(),
  digest,
  kind: z.enum(['onnx', 'http', 'module']),
  range: scoreRange,
  standardisation: z.strictObject({ mean: z.number(), deviation: z.number() }),
});

export type ModelAnswer = z.infer<typeof modelAnswer>;

/** What `POST /score` answers: one score a completion, in their order. */
export const scoreAnswer = z.strictObject({
  request: z.string().optional(),
  model: z.string(),
  version: z.string(),
  digest,
  range: scoreRange,
  scores: z.array(rewardScore),
});
export type ScoreAnswer = z.infer<typeof scoreAnswer>;
