import { z } from 'zod';
import { defineContract } from '../contract.ts';
import { clientName, digest, rewardModelName, rewardName, roundNumber, siteName } from '../vocabulary.ts';

/** A request is named by the digest of what it asks, so that asking again is recognised. */
const request = digest;
const version = z.string().min(1).max(32);
const asked = {
  request,
  round: roundNumber,
  /** Of the round's rollouts; 0 is an evaluation before any. */
  iteration: z.int().min(0).max(1_000_000),
  client: clientName,
  site: siteName,
  model: rewardModelName,
};

/** Prompt and completion of at most 64 KiB of characters each. */
export const completionItem = z.strictObject({
  prompt: z.string().max(65_536),
  completion: z.string().max(65_536),
});
/** At most so many completions a request; a longer list is sent in parts. */
export const MOST_COMPLETIONS = 256;
/** Characters of a request in all: a message stays below the broker's limit even when each takes four bytes. */
export const MOST_REQUEST_CHARACTERS = 500_000;

export const completionItems = z
  .array(completionItem)
  .max(MOST_COMPLETIONS)
  .refine(
    (items) =>
      items.reduce((sum, { prompt, completion }) => sum + prompt.length + completion.length, 0) <=
      MOST_REQUEST_CHARACTERS,
    `at most ${MOST_REQUEST_CHARACTERS} characters in all`,
  );

/** A score as the model gives it, and standardised; null stands for a number that is not finite. */
export const rewardScore = z.strictObject({ raw: z.number().nullable(), standardised: z.number().nullable() });
/** What raw scores of the model can be, by its own word. */
export const scoreRange = z.strictObject({ lowest: z.number(), highest: z.number() });

/** A client's completions are to be scored by one reward model. An empty list asks whether the model is there. */
export const completionsSubmitted = defineContract({
  name: 'completions.submitted',
  version: 1,
  statedBy: 'trainer',
  routes: [{ topic: 'reward', keyedBy: 'client' }],
  schema: z.strictObject({ ...asked, items: completionItems }),
});

/** One score for each completion of the request, in their order. */
export const completionsScored = defineContract({
  name: 'completions.scored',
  version: 1,
  statedBy: 'reward-model',
  routes: [{ topic: 'site' }],
  schema: z.strictObject({
    ...asked,
    version,
    digest,
    range: scoreRange,
    scores: z.array(rewardScore).max(MOST_COMPLETIONS),
  }),
});

/** The reward model cannot score the request, and why. */
export const completionsRefused = defineContract({
  name: 'completions.refused',
  version: 1,
  statedBy: 'reward-model',
  routes: [{ topic: 'site' }],
  schema: z.strictObject({
    ...asked,
    code: z.string().max(100),
    message: z.string().max(2000),
    retryable: z.boolean(),
  }),
});

/**
 * What a client's completions earned of one reward, for the record: texts as digests keyed by a secret of the site
 * (HMAC-SHA-256), so that who has text and key can prove them and nobody can guess them.
 */
export const scoresRecorded = defineContract({
  name: 'scores.recorded',
  version: 1,
  statedBy: 'trainer',
  routes: [{ topic: 'coordinator' }],
  schema: z.strictObject({
    ...asked,
    /** The reward's name in the spec. */
    reward: rewardName,
    /** Of the completions that were drawn together, which is the first here. */
    firstPlace: z.int().min(0).max(1_000_000),
    version,
    digest,
    scores: z
      .array(
        z
          .strictObject({
            ...rewardScore.shape,
            prompt: digest,
            completion: digest,
            refused: z.enum(['missing', 'not-finite', 'out-of-range']).optional(),
          })
          .refine(
            ({ raw, standardised, refused }) => refused !== undefined || (raw !== null && standardised !== null),
            'a score that is used has numbers',
          ),
      )
      .min(1)
      .max(MOST_COMPLETIONS),
  }),
});
