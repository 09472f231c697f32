import { z } from 'zod';
import { defineContract } from '../contract.ts';
import {
  blobReference,
  channelOrder,
  clientName,
  digest,
  keep,
  ledgerHead,
  leftOutRewards,
  profileVersion,
  roundNumber,
  siteName,
} from '../vocabulary.ts';

const clients = z.array(clientName).max(10_000);
const bothWays = z.strictObject({ uplink: z.number(), downlink: z.number() });

/** A round is about to open for these clients. */
export const roundPlanned = defineContract({
  name: 'round.planned',
  version: 1,
  statedBy: 'coordinator',
  routes: [{ topic: 'channel' }],
  schema: z.strictObject({ round: roundNumber, candidates: clients }),
});

/** What a base station knows of each link; not what is to come. Mean Es/N0 in dB, ergodic rate in b/s/Hz. */
export const linksMeasured = defineContract({
  name: 'links.measured',
  version: 1,
  statedBy: 'channel',
  routes: [{ topic: 'coordinator' }],
  schema: z.strictObject({
    round: roundNumber,
    links: z
      .array(z.strictObject({ client: clientName, meanSnrDb: bothWays, ergodicBitsPerSecondPerHz: bothWays }))
      .max(10_000),
  }),
});

/** The cohort and its global model. After the last round one more opens `forEvaluation`: nobody trains or uploads. */
export const roundOpened = defineContract({
  name: 'round.opened',
  version: 1,
  statedBy: 'coordinator',
  routes: [{ topic: 'channel', blob: true }],
  schema: z.strictObject({
    round: roundNumber,
    forEvaluation: z.boolean(),
    /** `profile` is the version that the client is to tune by; without it the first. */
    cohort: z
      .array(
        z.strictObject({
          client: clientName,
          site: siteName,
          profile: profileVersion.optional(),
          keep: keep.optional(),
        }),
      )
      .max(10_000),
    global: blobReference,
    deadlineMs: z.number().gt(0),
    /** Where a part of the channels is left out: one order for all, of which each client keeps its first part. */
    channelOrder: channelOrder.optional(),
    /** Rewards whose models were away: the round is judged without them, for everyone. */
    leftOut: leftOutRewards.optional(),
  }),
});

/** The round's new global model, and whose contributions made it. */
export const roundCommitted = defineContract({
  name: 'round.committed',
  version: 1,
  statedBy: 'coordinator',
  routes: [{ topic: 'announcements' }],
  schema: z.strictObject({
    round: roundNumber,
    global: blobReference,
    contributions: z
      .array(z.strictObject({ client: clientName, digest, weight: z.number().min(0).max(1) }))
      .max(10_000),
    /** The chain as it was once this was recorded; every site keeps it. */
    ledger: ledgerHead,
  }),
});

/** Too few contributions arrived: the global model stays as it was. */
export const roundAbandoned = defineContract({
  name: 'round.abandoned',
  version: 1,
  statedBy: 'coordinator',
  routes: [{ topic: 'announcements' }],
  schema: z.strictObject({
    round: roundNumber,
    global: blobReference,
    reason: z.string().max(400),
    missing: clients,
    ledger: ledgerHead,
  }),
});
