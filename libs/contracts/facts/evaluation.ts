import { z } from 'zod';
import { defineContract } from '../contract.ts';
import { clientName, digest, roundNumber, score, siteName } from '../vocabulary.ts';

/** How good a client's model is: `afterRound` rounds are in the global part that it holds. */
export const evaluationReported = defineContract({
  name: 'evaluation.reported',
  version: 1,
  statedBy: 'trainer',
  routes: [{ topic: 'coordinator' }],
  schema: z.strictObject({
    client: clientName,
    site: siteName,
    afterRound: roundNumber,
    /** `federated` is the client's own model; a baseline is named by the spec. */
    arm: z.enum(['federated', 'local-only']),
    sharedDigest: digest,
    personalDigest: digest,
    personal: score,
    general: score,
  }),
});
