import { baseModel, experimentSpec } from '#contracts';
import { z } from 'zod';
import { named } from './named-schemas.ts';

/** What the REST border answers. That each is what its handler returns is checked where it is named: see `Answers`. */

const name = z.string();
const count = z.int().min(0);
const time = z.string().meta({ format: 'date-time' });
const sha256 = z.string().regex(/^sha256:[0-9a-f]{64}$/);
const fraction = z.number().min(0).max(1);
const accuracy = fraction.nullable().describe('a fraction of 1');
const roundNumber = z.int().min(1);
const direction = z.enum(['uplink', 'downlink']);
const bothWays = z.strictObject({ uplink: count, downlink: count });
const byReward = z.record(z.string(), z.number());
const simulatedMs = z.number().min(0).describe('simulated, in ms');
const energyJ = z.number().min(0).describe('of the transmitter, in J');
const recordedAt = time;
const state = z.enum(['enrolling', 'running', 'finished', 'failed', 'cancelled']);

export const submitted = named('Submitted', z.strictObject({ experiment: name }));

export const storedBlob = named('StoredBlob', z.strictObject({ digest: sha256, bytes: count }));

export const experimentLine = named(
  'ExperimentLine',
  z.strictObject({
    experiment: name,
    method: z.string(),
    state,
    rounds: count,
    roundsClosed: count,
    clients: count,
    personalAccuracy: accuracy,
    submittedAt: time,
  }),
);

export const experiment = named(
  'Experiment',
  z.strictObject({
    id: name,
    name,
    method: z.string(),
    seed: count,
    rounds: roundNumber,
    spec: experimentSpec,
    base: baseModel,
    state,
    globalDigest: sha256.describe('of the shared tensors as they are now'),
    globalBytes: count,
    failureCode: z.string().nullable(),
    failureMessage: z.string().nullable(),
    revision: count.describe('goes up with every change of rounds and history'),
    enrolmentDueAt: time.nullable(),
    submittedAt: time,
    endedAt: time.nullable(),
  }),
);

export const missingClient = name.describe('a client that the experiment waits for');

const uploadSizes = z.strictObject({ bytes: count, denseBytes: count.describe('with every channel') });

export const roundFigures = named(
  'RoundFigures',
  z.strictObject({
    round: roundNumber,
    stage: z.enum(['planned', 'open', 'committed', 'abandoned', 'evaluated']),
    reason: z.string().optional(),
    delivered: bothWays,
    lost: bothWays,
    missing: count.describe('clients that had not answered when the round’s time was up'),
    withheld: count,
    refused: count,
    airtimeMs: simulatedMs,
    delayMs: simulatedMs,
    energyJ,
    uplinkBytes: z.number().min(0),
    downlinkBytes: z.number().min(0),
    uploads: uploadSizes.optional().describe('where channels are left out'),
    leftOutRewards: z.array(z.string()).describe('rewards that the round was judged without'),
    meanLoss: z.number().optional().describe('in nats'),
    personalAccuracy: z.strictObject({ mean: fraction, worst: fraction }).optional(),
    generalAccuracy: fraction.optional(),
    reward: z
      .strictObject({
        mean: z.number(),
        weighted: z.number(),
        components: byReward,
        clients: byReward.optional().describe('each client’s own weighted reward, where there are at most 64'),
      })
      .optional()
      .describe('where clients learn from rewards'),
    policy: z
      .strictObject({ kl: z.number(), squaredDistance: z.number() })
      .optional()
      .describe('the same: KL in nats a completion, squared distance to the global model'),
  }),
);

const recordedReward = z.strictObject({
  completions: count,
  emptyCompletions: count,
  weighted: z.number().describe('by the client’s own weights'),
  mean: z.number().describe('by the spec’s weights'),
  components: byReward,
  each: z.array(z.number()).optional().describe('the weighted reward of each of the first instructions'),
});

const rewardGain = z.strictObject({
  mean: z.number(),
  low: z.number(),
  high: z.number(),
  instructions: count,
  isShown: z.boolean().describe('whether the whole 95 % interval is above 0'),
});

export const clientFigures = named(
  'ClientFigures',
  z.strictObject({
    client: name,
    site: name,
    basePrecision: z.string().describe('fp32, int8 or int8-7-bit, as its site enrolled it'),
    trainExamples: count,
    personalTestExamples: count,
    majorityClass: fraction,
    personalAccuracy: accuracy,
    personalAccuracyFirst: accuracy,
    generalAccuracy: accuracy,
    generalAccuracyFirst: accuracy,
    localOnly: accuracy,
    personalDigest: sha256.nullable(),
    reward: recordedReward.nullable(),
    rewardFirst: recordedReward.nullable(),
    own: z
      .strictObject({
        digest: sha256.describe('of its tuned blocks, as canonical safetensors'),
        reward: recordedReward.nullable(),
        gain: rewardGain.nullable().describe('over the shared decoder, by the client’s own weights'),
        untuned: z.string().nullable().describe('why the client keeps what is shared'),
        endedEarly: z.string().nullable().describe('why it tuned less than it was to'),
      })
      .nullable()
      .describe('the decoder that the client tuned once more for itself'),
  }),
);

const change = z.strictObject({ mean: z.number().nullable(), first: z.number().nullable() });

export const closingFigures = named(
  'ClosingFigures',
  z.strictObject({
    experiment: name,
    rounds: count,
    globalDigest: sha256,
    metrics: z.strictObject({
      personalAccuracy: z.strictObject({ mean: accuracy, worst: accuracy, first: accuracy }),
      generalAccuracy: z.strictObject({ mean: accuracy, first: accuracy }),
      reward: change
        .extend({
          weighted: change,
          components: z.record(z.string(), change),
          gain: rewardGain.optional(),
          own: z
            .strictObject({ weighted: z.number().nullable(), gain: rewardGain.optional() })
            .optional()
            .describe('of the decoders that clients tuned for themselves, over the shared one'),
        })
        .optional(),
    }),
    cost: z.strictObject({
      uplinkBytes: z.number().min(0),
      downlinkBytes: z.number().min(0),
      airtimeMs: simulatedMs,
      energyJ,
      uploads: uploadSizes.optional(),
    }),
    lost: bothWays,
    clients: z.array(clientFigures),
  }),
);

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
    recordedAt,
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
    recordedAt,
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
    recordedAt,
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
    recordedAt,
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
    recordedAt,
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

export const auditReport = named(
  'AuditReport',
  z.strictObject({
    experiment: name,
    state: z.string(),
    verdict: z.enum(['intact', 'touched']),
    head: z.strictObject({ entry: count, head: z.string() }),
    signedBy: z.array(z.string()).describe('Ed25519 keys, base64url'),
    rounds: z.array(
      z.strictObject({
        round: roundNumber,
        stage: z.string(),
        timedOut: z.boolean(),
        missing: z.array(z.string()),
        crossings: count,
        lost: count,
        contributions: count,
        refused: count,
        aggregate: z.enum(['same digest', 'nothing to aggregate', 'not closed', 'blobs pruned', 'differs']),
        findings: count,
      }),
    ),
    findings: z
      .array(
        z.strictObject({
          code: z.string().describe('stable, for programs: `ledger.hash`, `row.changed`, `blob.corrupt` …'),
          place: z.string(),
          message: z.string(),
          entry: count.optional(),
          round: count.optional(),
        }),
      )
      .describe('the first offending row first'),
    notReplayed: z.array(z.string()),
    witnesses: z.array(z.strictObject({ site: name, heads: count })),
    checked: z.strictObject({
      entries: count,
      rows: count,
      signatures: count,
      crossings: count,
      aggregates: count,
    }),
  }),
);

/** The data of each server-sent event. */
export const ledgerEvent = named(
  'LedgerEvent',
  z.strictObject({
    experiment: name,
    entry: z.int().min(1),
    kind: z.string().describe('a table whose row it covers, or the fact that it stands for: `round.committed`'),
    covers: z.record(z.string(), z.unknown()).describe('the row by its columns, or the fact'),
    hash: sha256,
    recordedAt,
  }),
);
