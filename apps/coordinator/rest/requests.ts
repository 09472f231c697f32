import {
  baseModel,
  digest,
  experimentId,
  experimentSpec,
  publicKey,
  type rewardModelCard,
  roundNumber,
  siteName,
} from '#contracts';
import { z } from 'zod';
import { named } from './named-schemas.ts';

/** What is submitted: a spec with absolute paths, and its base model as `airtune run` describes it; never weights. */
export const submission = named(
  'Submission',
  z.strictObject({
    experiment: experimentId.optional().describe('a name of its own; without one, the spec’s name and six digits'),
    spec: experimentSpec,
    base: baseModel,
  }),
);
export type SubmissionRequest = z.infer<typeof submission>;

/** A query's values are text. */
const wholeNumber = z.coerce.number<string | number>().int();
const PAGE = 1000;

const round = wholeNumber.min(0).max(1_000_000).optional().describe('of one round only');

/** Which rounds are wanted. */
export const roundQuery = z.strictObject({ round });
export type RoundQuery = z.infer<typeof roundQuery>;

/** Which part of a history is wanted. */
export const historyQuery = z.strictObject({
  round,
  client: z.string().min(1).max(63).optional().describe('of one client only'),
  offset: wholeNumber.min(0).max(1e9).default(0).describe('how many to leave out'),
  limit: wholeNumber.min(1).max(10_000).default(PAGE).describe('how many at most'),
});
export type HistoryQuery = z.infer<typeof historyQuery>;

/** Where an event stream begins. */
export const eventsQuery = z.strictObject({
  after: wholeNumber.min(0).max(1e15).default(0).describe('the number of the last entry that is known already'),
});
export type EventsQuery = z.infer<typeof eventsQuery>;

/** What sites have kept of a ledger's heads, to be compared with it. */
export const auditRequest = z.strictObject({
  witnesses: z
    .array(
      z.strictObject({
        site: siteName,
        heads: z.array(z.object({ round: roundNumber, entry: z.int().min(1), head: digest })).max(200_000),
      }),
    )
    .max(1000)
    .default([]),
});
export type AuditRequest = z.infer<typeof auditRequest>;

export type RewardCard = z.infer<typeof rewardModelCard>;

/** What a site signs by. */
export const siteKey = z.strictObject({ publicKey });
export type SiteKey = z.infer<typeof siteKey>;

/** Which dead letters are wanted. */
export const deadLettersQuery = z.strictObject({
  all: z.enum(['true', 'false']).default('false').describe('those that were sent again too'),
});
export type DeadLettersQuery = z.infer<typeof deadLettersQuery>;

export const deadLetterNumber = wholeNumber.min(1).max(Number.MAX_SAFE_INTEGER);
