import { z } from 'zod';
import { defineContract } from '../contract.ts';
import {
  blobReference,
  channelOrder,
  clientName,
  digest,
  keep,
  leftOutRewards,
  profileVersion,
  rolloutMeasure,
  roundNumber,
  signature,
  siteName,
  transmission,
} from '../vocabulary.ts';

/** What a site vouches for with an upload: the last head of the ledger that it saw, and its signature of `contributionStatement`. */
const vouched = { head: digest.nullable(), signature };
/** What the coordinator asks a client beside the model itself, as `round.opened` has it. */
const asked = {
  forEvaluation: z.boolean(),
  profile: profileVersion.optional(),
  leftOut: leftOutRewards.optional(),
};
const crossing = { round: roundNumber, client: clientName, site: siteName, transmission };

/** The global model reached the client. The bytes travel to its site once a round, with the first client served there. */
export const downloadDelivered = defineContract({
  name: 'download.delivered',
  version: 1,
  statedBy: 'channel',
  routes: [{ topic: 'site', blob: true }, { topic: 'coordinator' }],
  schema: z.strictObject({
    ...crossing,
    ...asked,
    global: blobReference,
    /** The channels that the client trains and sends, where that is not all of them. */
    channels: z.strictObject({ order: channelOrder, keep }).optional(),
  }),
});

/** The global model did not reach the client before the deadline. */
export const downloadLost = defineContract({
  name: 'download.lost',
  version: 1,
  statedBy: 'channel',
  routes: [{ topic: 'site' }, { topic: 'coordinator' }],
  schema: z.strictObject({ ...crossing, ...asked }),
});

/** A client has trained and sends its shared tensors. The coordinator learns the fact, the channel carries the bytes. */
export const uploadSent = defineContract({
  name: 'upload.sent',
  version: 1,
  statedBy: 'trainer',
  routes: [{ topic: 'channel', blob: true, keyedBy: 'client' }, { topic: 'coordinator' }],
  schema: z.strictObject({
    round: roundNumber,
    client: clientName,
    site: siteName,
    blob: blobReference,
    /** The global model that the client started from. */
    answers: digest,
    examples: z.int().min(1),
    ...vouched,
    training: z.strictObject({
      steps: z.int().min(0),
      firstLoss: z.number(),
      lastLoss: z.number(),
      meanLoss: z.number(),
      /** Of a client that learns from rewards. */
      rollouts: rolloutMeasure.optional(),
    }),
  }),
});

/** A client has nothing to send this round, and why. */
export const uploadWithheld = defineContract({
  name: 'upload.withheld',
  version: 1,
  statedBy: 'trainer',
  routes: [{ topic: 'coordinator' }],
  schema: z.strictObject({
    round: roundNumber,
    client: clientName,
    site: siteName,
    reason: z.enum(['loss-not-finite', 'kl-limit', 'rewards-missing', 'training-failed']),
    message: z.string().max(2000),
  }),
});

/** The upload reached the coordinator, bytes and all. */
export const uploadDelivered = defineContract({
  name: 'upload.delivered',
  version: 1,
  statedBy: 'channel',
  routes: [{ topic: 'coordinator', blob: true }],
  schema: z.strictObject({ ...crossing, blob: blobReference, answers: digest, examples: z.int().min(1), ...vouched }),
});

/** The upload did not make it before the deadline; its bytes never left the channel. */
export const uploadLost = defineContract({
  name: 'upload.lost',
  version: 1,
  statedBy: 'channel',
  routes: [{ topic: 'coordinator' }],
  schema: z.strictObject({ ...crossing, blob: blobReference }),
});
