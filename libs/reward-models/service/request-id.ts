import { digestOfJson } from '#ledger';
import type { Digest } from '#parameters';
import type { Completion } from '../scoring/encode-pair.ts';

/** What a request is about: the same of all gives the same name, so that asking again is recognised. */
export interface RequestSubject {
  readonly experiment: string;
  readonly round: number;
  readonly iteration: number;
  readonly client: string;
  readonly model: string;
  readonly items: readonly Completion[];
}

/** The name of a request: the digest of what it asks. */
export function requestId({ experiment, round, iteration, client, model, items }: RequestSubject): Digest {
  return digestOfJson({
    experiment,
    round,
    iteration,
    client,
    model,
    items: items.map(({ prompt, completion }) => [prompt, completion]),
  });
}
