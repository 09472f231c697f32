import { z } from 'zod';
import { defineContract } from '../contract.ts';
import { digest, rewardModelName, roundNumber } from '../vocabulary.ts';
import { scoreRange } from './scoring.ts';

/** A round is about to open, and these reward models are to say that they are there. Each reads it, whichever are named. */
export const rewardModelsAwaited = defineContract({
  name: 'reward-models.awaited',
  version: 1,
  statedBy: 'coordinator',
  routes: [{ topic: 'announcements' }],
  schema: z.strictObject({ round: roundNumber, models: z.array(rewardModelName).min(1).max(100) }),
});

/** Of what belongs to no experiment. */
export const NO_EXPERIMENT = 'registry';

/** What a reward model says of itself beside its name. */
export const rewardModelCard = z.strictObject({
  version: z.string().min(1).max(32),
  digest,
  range: scoreRange,
  /** standardised = (raw − mean) / deviation. */
  standardisation: z.strictObject({ mean: z.number(), deviation: z.number().gt(0) }),
});

/**
 * A reward model is there, and this is what it is: said as its service starts, under the experiment `registry`, and, with the
 * round, whenever a round awaits it.
 */
export const rewardModelAnnounced = defineContract({
  name: 'reward-model.announced',
  version: 1,
  statedBy: 'reward-model',
  routes: [{ topic: 'coordinator' }],
  schema: z.strictObject({ model: rewardModelName, ...rewardModelCard.shape, round: roundNumber.optional() }),
});
