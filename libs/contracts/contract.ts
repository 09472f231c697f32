import type { z } from 'zod';
import type { Topic } from './topics.ts';

/**
 * One copy of a fact on its way to one kind of reader; `blob` says whether the parameter blob travels along. Messages of
 * one key stay in order and have one owner: the key is the experiment, or with `keyedBy` a client of the experiment.
 */
export interface Route {
  readonly topic: Topic;
  readonly blob?: boolean;
  readonly keyedBy?: 'client';
}

/** A fact on the wire: its name, version, routes and schema in one declaration. */
export interface Contract<Name extends string = string, Data = unknown> {
  readonly name: Name;
  readonly version: number;
  readonly statedBy: 'coordinator' | 'channel' | 'trainer' | 'reward-model';
  readonly routes: readonly Route[];
  readonly schema: z.ZodType<Data>;
}

/** The payload type of a contract: `DataOf<typeof roundOpened>`. */
export type DataOf<C> = C extends Contract<string, infer Data> ? Data : never;

/** Declares a contract; the name is a fact in the past tense. */
export function defineContract<Name extends string, Schema extends z.ZodType>(declaration: {
  readonly name: Name;
  readonly version: number;
  readonly statedBy: Contract['statedBy'];
  readonly routes: readonly Route[];
  readonly schema: Schema;
}): Contract<Name, z.output<Schema>> {
  return declaration as unknown as Contract<Name, z.output<Schema>>;
}
