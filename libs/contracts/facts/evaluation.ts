import { z } from 'zod';
import { defineContract } from '../contract.ts';
import {
  clientName,
  digest,
  evaluatedArm,
  rewardMeasure,
  rolloutMeasure,
  roundNumber,
  score,
  siteName,
} from '../vocabulary.ts';

/** How good a client's model is: `afterRound` rounds are in the global part that it holds. */
export const evaluationReported = defineContract({
  name: 'evaluation.reported',
  version: 1,
  statedBy: 'trainer',
  routes: [{ topic: 'coordinator' }],
  schema: z
    .strictObject({
      client: clientName,
      site: siteName,
      afterRound: roundNumber,
      arm: evaluatedArm,
      /** Of the tensors that are shared, as this arm has them; those of `own` never leave the site. */
      sharedDigest: digest,
      personalDigest: digest,
      /** Of a classifier: on a test set in the client's own label mix, and on the balanced one. */
      personal: score.optional(),
      general: score.optional(),
      /** Of a decoder that learns from rewards. */
      reward: rewardMeasure.optional(),
      /** Why nothing was measured: a reward model did not answer, or not what can be used. */
      unmeasured: z.string().max(2000).optional(),
      /** Of the arm `own`: how the client tuned for itself … */
      tuning: rolloutMeasure.optional(),
      /** … or why it did not, and keeps what is shared. */
      untuned: z.string().max(2000).optional(),
    })
    .refine(
      ({ arm, tuning, untuned }) =>
        [tuning, untuned].filter((said) => said !== undefined).length === (arm === 'own' ? 1 : 0),
      'a client says of its own decoder, and of no other, how it was tuned or why it was not',
    ),
});
