import { z } from 'zod';

/**
 * What several answers have in common. Answers are schemas of what the REST border says; that each is what its handler returns is
 * checked where it is named: see `Answers`.
 */

export const name = z.string();
export const count = z.int().min(0);
export const time = z.string().meta({ format: 'date-time' });
export const sha256 = z.string().regex(/^sha256:[0-9a-f]{64}$/);
export const fraction = z.number().min(0).max(1);
export const accuracy = fraction.nullable().describe('a fraction of 1');
export const roundNumber = z.int().min(1);
export const byReward = z.record(z.string(), z.number());
export const simulatedMs = z.number().min(0).describe('simulated, in ms');
export const energyJ = z.number().min(0).describe('of the transmitter, in J');

export const recordedReward = z.strictObject({
  completions: count,
  emptyCompletions: count,
  weighted: z.number().describe('by the client’s own weights'),
  mean: z.number().describe('by the spec’s weights'),
  components: byReward,
  each: z.array(z.number()).optional().describe('the weighted reward of each of the first instructions'),
});
