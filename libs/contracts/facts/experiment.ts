import { z } from 'zod';
import { defineContract } from '../contract.ts';
import { experimentSpec } from '../spec/experiment-spec.ts';
import { blobReference, digest, ledgerHead, roundNumber, tensorManifest } from '../vocabulary.ts';

/** What the coordinator knows of the base model: never its weights. */
export const baseModel = z.strictObject({
  digest,
  config: z.record(z.string(), z.unknown()),
  parameters: z.int().min(0),
  shared: z.strictObject({ manifest: tensorManifest, initial: blobReference }),
});
export type BaseModel = z.infer<typeof baseModel>;

/** A spec was accepted: sites enrol their clients, the channel learns link and seed. Replaced by how it ended. */
export const experimentSubmitted = defineContract({
  name: 'experiment.submitted',
  version: 1,
  statedBy: 'coordinator',
  routes: [{ topic: 'experiments' }],
  schema: z.strictObject({ spec: experimentSpec, base: baseModel }),
});

/** All rounds are over and every client has reported its last evaluation. */
export const experimentFinished = defineContract({
  name: 'experiment.finished',
  version: 1,
  statedBy: 'coordinator',
  routes: [{ topic: 'experiments' }],
  schema: z.strictObject({
    rounds: roundNumber,
    globalDigest: digest,
    /** The last entry of the ledger; every site keeps it. */
    ledger: ledgerHead.optional(),
  }),
});

/** The experiment cannot go on, and why: a site that cannot open its data, a client that two sites claim. */
export const experimentFailed = defineContract({
  name: 'experiment.failed',
  version: 1,
  statedBy: 'coordinator',
  routes: [{ topic: 'experiments' }],
  schema: z.strictObject({ code: z.string().max(100), message: z.string().max(4000) }),
});
