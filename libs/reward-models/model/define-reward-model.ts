import { z } from 'zod';
import type { Completion } from '../scoring/encode-pair.ts';

/** A reward model as code: what a module exports as its default, made by {@link defineRewardModel}. */
export interface RewardModelDefinition {
  readonly name: string;
  readonly version: string;
  /** What scores can be; one outside is refused. */
  readonly range: { readonly lowest: number; readonly highest: number };
  /** Scores are (raw − mean) / deviation; leave it out when they are near mean 0 and deviation 1 as they are. */
  readonly standardisation?: { readonly mean: number; readonly deviation: number };
  /** One number a completion, in their order. */
  score(completions: readonly Completion[]): readonly number[] | Promise<readonly number[]>;
  close?(): Promise<void>;
}

/** What is checked of a definition that a module exports. */
export const definitionSchema = z.object({
  name: z.string().regex(/^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/, 'lower case, digits and dashes, at most 63'),
  version: z.string().min(1).max(32),
  range: z.object({ lowest: z.number(), highest: z.number() }),
  standardisation: z.object({ mean: z.number(), deviation: z.number().gt(0) }).optional(),
  score: z.custom<RewardModelDefinition['score']>((value) => typeof value === 'function', 'must be a function'),
  close: z.custom<() => Promise<void>>((value) => typeof value === 'function', 'must be a function').optional(),
});

/** Declares a reward model that is code; `airtune reward serve <file>` makes a service of it. */
export function defineRewardModel(definition: RewardModelDefinition): RewardModelDefinition {
  return definition;
}
