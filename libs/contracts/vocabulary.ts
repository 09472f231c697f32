import { z } from 'zod';

/** Names become folders, topics and keys: lower case, digits and dashes. */
const NAME = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;

export const clientName = z.string().regex(NAME, 'a client is named in lower case, digits and dashes, at most 63');
export const siteName = z.string().regex(NAME, 'a site is named in lower case, digits and dashes, at most 63');
export const rewardModelName = z
  .string()
  .regex(NAME, 'a reward model is named in lower case, digits and dashes, at most 63');
/** Rewards go by names of their own in a spec: they are columns of tables and keys of weights. */
export const rewardName = z
  .string()
  .regex(/^[a-z][a-z0-9-]{0,62}$/, 'a reward is named in lower case, digits and dashes, at most 63');
/** The rewards that a round is judged without. */
export const leftOutRewards = z.array(rewardName).min(1).max(100);
export const experimentId = z
  .string()
  .regex(
    /^[a-z0-9](?:[a-z0-9-]{0,98}[a-z0-9])?$/,
    'an experiment is named in lower case, digits and dashes, at most 100',
  );

export const digest = z.templateLiteral(['sha256:', z.string().regex(/^[0-9a-f]{64}$/)]);

/** Rounds count from 1; 0 means "before any training". */
export const roundNumber = z.int().min(0).max(1_000_000);

/** Which of a client's profiles, counted from 1: the one that the spec gives it. */
export const profileVersion = z.int().min(1).max(1_000_000);

/** A parameter blob, named by the SHA-256 of its bytes; at most 4 GiB. */
export const blobReference = z.strictObject({
  digest,
  bytes: z
    .int()
    .min(0)
    .max(4 * 1024 ** 3),
});
export type BlobReference = z.infer<typeof blobReference>;

export const tensorManifest = z
  .array(
    z.strictObject({
      name: z.string().min(1).max(256),
      shape: z
        .array(
          z
            .int()
            .min(0)
            .max(2 ** 31 - 1),
        )
        .max(8),
    }),
  )
  .max(100_000);

/**
 * An order of the channels of shared tensors, family after family, two bytes a channel, little endian, in base64; the
 * families follow from the method and the tensors' shapes. At most 250,000 channels.
 */
export const channelOrder = z.base64().max(680_000);
/** The part of each family's channels that a client keeps: the first of the order. */
export const keep = z.number().gt(0).max(1);

/** What one crossing of the link was and cost. SNR is mean Es/N0 in dB; times are simulated. */
export const transmission = z.strictObject({
  bits: z.number().min(0),
  bitsDelivered: z.number().min(0),
  meanSnrDb: z.number(),
  blocks: z.int().min(0),
  attempts: z.int().min(0),
  delayMs: z.number().min(0),
  airtimeMs: z.number().min(0),
  energyJ: z.number().min(0),
  outcome: z.enum(['delivered', 'lost']),
  reason: z.enum(['deadline', 'attempts']).optional(),
});
export type TransmissionRecord = z.infer<typeof transmission>;

/**
 * Which of a client's models is evaluated: `federated` is what it holds once a download has arrived, `own` what it made of that
 * for itself after the last one; a baseline is named by the spec.
 */
export const evaluatedArm = z.enum(['federated', 'own', 'local-only']);
export type EvaluatedArm = z.infer<typeof evaluatedArm>;

/** Right answers out of examples, and the mean cross-entropy in nats. */
export const score = z.strictObject({
  correct: z.int().min(0),
  examples: z.int().min(0),
  accuracy: z.number().min(0).max(1),
  loss: z.number(),
});
export type Score = z.infer<typeof score>;

const completions = z.int().min(0);

/**
 * How reward models like a client's completions of held-out instructions: means of standardised scores, `weighted` by the
 * client's own weights, `mean` by the spec's.
 */
export const rewardMeasure = z.strictObject({
  completions,
  emptyCompletions: completions,
  weighted: z.number(),
  mean: z.number(),
  components: z.record(z.string().min(1).max(63), z.number()),
  /** The weighted reward of each of the first held-out instructions, always in the same order: what a gain is judged by. */
  each: z.array(z.number()).max(512).optional(),
});

/** What a client's round of learning from rewards was: sums over its iterations, means over its completions. */
export const rolloutMeasure = z.strictObject({
  iterations: z.int().min(1),
  completions,
  tokens: completions,
  /** Of the completions that were learned from, as in an evaluation. */
  weighted: z.number(),
  components: z.record(z.string().min(1).max(63), z.number()),
  /** Mean KL of a completion to the reference, in nats, of the policy that drew the last ones. */
  kl: z.number(),
  /** ‖θ − θ_global‖² over the shared tensors, at the end of the round. */
  squaredDistance: z.number().min(0),
  emptyCompletions: completions,
  /** Scores that counted as the limit. */
  limitedScores: completions,
  /** Prompts that left no room and were passed over. */
  tooLongPrompts: completions,
  /** Why the round ended before its last iteration. */
  endedEarly: z.string().max(400).optional(),
});
export type RolloutMeasure = z.infer<typeof rolloutMeasure>;

/** An Ed25519 public key, its raw 32 bytes in base64url. */
export const publicKey = z.string().regex(/^[A-Za-z0-9_-]{43}$/, 'a public key is 32 bytes in base64url');
/** An Ed25519 signature, its raw 64 bytes in base64url. */
export const signature = z.string().regex(/^[A-Za-z0-9_-]{86}$/, 'a signature is 64 bytes in base64url');

/** The last entry of an experiment's ledger, by number and hash. */
export const ledgerHead = z.strictObject({ entry: z.int().min(1), head: digest });
