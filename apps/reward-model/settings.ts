import { kafkaEnvironment } from '#events';
import { serviceVariables, threadsVariable, tokenVariable } from '#operations';
import { z } from 'zod';

/** What a reward-model service is told. */
export const rewardModelVariables = z.object({
  ...serviceVariables(7810),
  AIRTUNE_REWARD_MODEL: z
    .string()
    .min(1)
    .describe(
      'a folder with reward.json (an ONNX model, or the address of a server), or a module that exports a model',
    ),
  AIRTUNE_TOKEN: tokenVariable,
  AIRTUNE_THREADS: threadsVariable.default(1),
  ...kafkaEnvironment.shape,
});
