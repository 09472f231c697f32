import { z } from 'zod';
import { defineContract } from '../contract.ts';
import { loraBlocks } from '../spec/experiment-spec.ts';
import { rewardWeight } from '../spec/reinforcement-spec.ts';
import { clientName, profileVersion, roundNumber, siteName } from '../vocabulary.ts';

/** A client tunes otherwise from a round on: the whole profile as it then is. Version 1 is the spec's and is not stated. */
export const profileChanged = defineContract({
  name: 'profile.changed',
  version: 1,
  statedBy: 'coordinator',
  routes: [{ topic: 'site' }],
  schema: z.strictObject({
    client: clientName,
    site: siteName,
    version: profileVersion.min(2),
    fromRound: roundNumber.min(1),
    profile: z.strictObject({
      deviceClass: z.string().min(1).max(64),
      lora: z.strictObject({
        rank: z.int().min(1).max(4096),
        alpha: z.number().gt(0).max(1e6),
        blocks: loraBlocks,
      }),
      /** The client's weight of every reward of the spec. */
      rewards: z.record(z.string().min(1).max(63), rewardWeight),
    }),
  }),
});
