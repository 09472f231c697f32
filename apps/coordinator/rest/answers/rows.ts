import { z } from 'zod';
import { named } from '../named-schemas.ts';
import {
  name,
  count,
  time,
  sha256,
  fraction,
  accuracy,
  roundNumber,
  byReward,
  simulatedMs,
  energyJ,
  recordedReward,
} from './vocabulary.ts';

/** Rows of the record, as they are stored. */

const direction = z.enum(['uplink', 'downlink']);

export const enrolment = named(
  'Enrolment',
  z.strictObject({
    experimentId: name,
    name,
    site: name,
    baseDigest: sha256,
    basePrecision: z.string().nullable(),
    dataDigest: sha256,
    deviceClass: z.string(),
    trainExamples: count,
    personalTestExamples: count,
    generalTestExamples: count,
    sharedParameters: count,
    personalParameters: count,
    labels: z.array(z.string()),
    labelHistogram: z.array(z.number()).nullable().describe('only where the site shows it'),
    majorityClassAccuracy: fraction,
    notes: z.array(z.string()).nullable(),
    publicKey: z.string().nullable(),
    signature: z.string().nullable(),
    enrolledAt: time,
  }),
);

export const clientProfile = named(
  'ClientProfile',
  z.strictObject({
    experimentId: name,
    client: name,
    version: z.int().min(1),
    effectiveFromRound: roundNumber,
    deviceClass: z.string(),
    loraRank: z.int().min(1),
    loraAlpha: z.number(),
    loraBlocks: z.string().describe('`all`, or how many from the top'),
    rewardWeights: byReward.nullable(),
    recordedAt: time,
  }),
);

export const transmission = named(
  'Transmission',
  z.strictObject({
    experimentId: name,
    round: roundNumber,
    client: name,
    direction,
    meanSnrDb: z.number().describe('Es/N0'),
    blocks: count.describe('coherence blocks that it took'),
    attempts: count,
    bits: z.number().min(0),
    bitsDelivered: z.number().min(0),
    delayMs: simulatedMs,
    airtimeMs: simulatedMs,
    energyJ,
    outcome: z.enum(['delivered', 'lost']),
    reason: z.string().nullable(),
    recordedAt: time,
  }),
);

export const evaluation = named(
  'Evaluation',
  z.strictObject({
    experimentId: name,
    client: name,
    afterRound: count.describe('0 is before any training'),
    arm: z.string().describe('`federated`; `own`, what the client tuned for itself at the end; or the baseline’s name'),
    sharedDigest: sha256,
    personalDigest: sha256,
    personalCorrect: count.nullable(),
    personalExamples: count.nullable(),
    personalAccuracy: accuracy,
    personalLossNats: z.number().nullable(),
    generalCorrect: count.nullable(),
    generalExamples: count.nullable(),
    generalAccuracy: accuracy,
    generalLossNats: z.number().nullable(),
    reward: recordedReward.nullable(),
    unmeasuredReason: z.string().nullable(),
    tuning: z
      .strictObject({
        iterations: count,
        completions: count,
        tokens: count,
        weighted: z.number(),
        components: byReward,
        kl: z.number().describe('nats a completion, to the reference'),
        squaredDistance: z.number().min(0),
        emptyCompletions: count,
        limitedScores: count,
        tooLongPrompts: count,
        endedEarly: z.string().optional(),
      })
      .nullable()
      .describe('of the arm `own`: how the client tuned for itself'),
    untunedReason: z.string().nullable().describe('of the arm `own`: why it did not, and keeps what is shared'),
    recordedAt: time,
  }),
);

export const score = named(
  'Score',
  z.strictObject({
    experimentId: name,
    request: z.string().describe('the digest of what was asked'),
    reward: z.string(),
    place: count,
    round: count,
    iteration: count,
    client: name,
    model: z.string(),
    modelVersion: z.string(),
    modelDigest: z.string(),
    promptDigest: z.string().describe('keyed by a secret of the site: texts stay there'),
    completionDigest: z.string(),
    raw: z.number().nullable(),
    standardised: z.number().nullable(),
    refused: z.enum(['missing', 'not-finite', 'out-of-range']).nullable(),
    recordedAt: time,
  }),
);

export const deadLetter = named(
  'DeadLetter',
  z.strictObject({
    id: z.int().min(1),
    service: name,
    topic: z.string(),
    partition: count,
    messageOffset: count,
    messageKey: z.string().nullable(),
    experimentId: name.nullable(),
    contract: z.string().nullable(),
    reasonCode: z.string(),
    reasonMessage: z.string(),
    recordedAt: time,
    retriedAt: time.nullable(),
  }),
);

export const rewardModel = named(
  'RewardModel',
  z.strictObject({
    name,
    version: z.string(),
    digest: z.string().describe('of what decides its scores'),
    rangeLowest: z.number(),
    rangeHighest: z.number(),
    standardisationMean: z.number(),
    standardisationDeviation: z.number(),
    path: z.string().nullable().describe('where runs on the coordinator’s machine start it from'),
    firstSeenAt: time,
    lastSeenAt: time,
    retiredAt: time.nullable(),
  }),
);

export const site = named(
  'Site',
  z.strictObject({
    name,
    publicKey: z.string().describe('Ed25519, base64url'),
    trusted: z.enum(['by-operator', 'on-first-use']),
    addedAt: time,
  }),
);
