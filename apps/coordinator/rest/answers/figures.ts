import { z } from 'zod';
import { named } from '../named-schemas.ts';
import {
  name,
  count,
  sha256,
  fraction,
  accuracy,
  roundNumber,
  byReward,
  simulatedMs,
  energyJ,
  recordedReward,
} from './vocabulary.ts';

/** What the record adds up to: a round, a client, a whole run. */

const bothWays = z.strictObject({ uplink: count, downlink: count });

const uploadSizes = z.strictObject({ bytes: count, denseBytes: count.describe('with every channel') });

const rewardGain = z.strictObject({
  mean: z.number(),
  low: z.number(),
  high: z.number(),
  instructions: count,
  isShown: z.boolean().describe('whether the whole 95 % interval is above 0'),
});

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
