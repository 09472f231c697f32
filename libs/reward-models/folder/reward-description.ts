import { z } from 'zod';

const digest = z.templateLiteral(['sha256:', z.string().regex(/^[0-9a-f]{64}$/)]);
const range = z.strictObject({ lowest: z.number(), highest: z.number() });
const interval = z.strictObject({ low: z.number(), high: z.number() });

/** reward.json: what a folder with model.onnx and a tokenizer needs beside them to be a reward model. Only name, version and range must be written by hand. */
export const rewardDescription = z.strictObject({
  format: z.literal('airtune-reward-1'),
  name: z.string().regex(/^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/, 'lower case, digits and dashes, at most 63'),
  version: z.string().min(1).max(32),
  /** Over model.onnx, the tokenizer and all that is said here about how to score; checked where it is given. */
  digest: digest.optional(),
  input: z
    .strictObject({
      /** Sequences are cut to this many tokens, special ones included. */
      maxTokens: z.int().min(8).max(1_000_000).default(512),
      padTokenId: z.int().min(0).optional(),
      /**
       * The text that is tokenised, with {prompt} and {completion} in it. Without it prompt and completion are two
       * segments: [CLS] prompt [SEP] completion [SEP].
       */
      template: z
        .string()
        .refine((text) => text.includes('{completion}'), 'must contain {completion}')
        .optional(),
    })
    .prefault({}),
  /** Names of the graph's inputs (int64 [batch, sequence]) and its output (float32 [batch] or [batch, 1]). */
  onnx: z
    .strictObject({
      ids: z.string().min(1).default('input_ids'),
      mask: z.string().min(1).default('attention_mask'),
      /** Fed with zeros, for BERT models that ask for it. */
      tokenTypes: z.string().min(1).optional(),
      score: z.string().min(1).default('score'),
    })
    .prefault({}),
  /** standardised = (raw − mean) / deviation. */
  standardisation: z.strictObject({ mean: z.number(), deviation: z.number().gt(0) }).default({ mean: 0, deviation: 1 }),
  /** What raw scores can be; a score outside is refused. */
  range,
  training: z
    .strictObject({
      base: z.strictObject({ type: z.string(), digest }),
      sources: z.array(
        z.strictObject({
          source: z.string(),
          trainPairs: z.int(),
          heldOutPairs: z.int(),
          accuracy: z.number(),
          interval,
        }),
      ),
      dataDigest: digest,
      seed: z.int(),
      settings: z.record(z.string(), z.unknown()),
      heldOut: z.strictObject({
        pairs: z.int(),
        prompts: z.int(),
        accuracy: z.number(),
        interval,
        /** Expected calibration error and mean log loss of σ(score difference) as the probability of being preferred. */
        calibrationError: z.number(),
        logLoss: z.number(),
      }),
    })
    .optional(),
});

export type RewardDescription = z.infer<typeof rewardDescription>;
export type ScoreRange = z.infer<typeof range>;
export const DESCRIPTION_FILE = 'reward.json';
export const MODEL_FILE = 'model.onnx';

/** The range in standardised units. */
export function standardisedRange({ range: raw, standardisation }: RewardDescription): ScoreRange {
  const at = (value: number): number => (value - standardisation.mean) / standardisation.deviation;
  return { lowest: at(raw.lowest), highest: at(raw.highest) };
}
