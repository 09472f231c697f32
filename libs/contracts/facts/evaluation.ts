import { z } from 'zod';
import { defineContract } from '../contract.ts';
import { clientName, digest, rewardMeasure, roundNumber, score, siteName } from '../vocabulary.ts';

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
    /** Of a classifier: on a test set in the client's own label mix, and on the balanced one. */
    personal: score.optional(),
    general: score.optional(),
    /** Of a decoder that learns from rewards. */
    reward: rewardMeasure.optional(),
    /** Why nothing was measured: a reward model did not answer, or not what can be used. */
    unmeasured: z.string().max(2000).optional(),
  }),
});
