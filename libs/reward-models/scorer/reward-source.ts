import type { Digest } from '#parameters';
import type { PromptAndCompletion, RewardKey } from '#tuning';
import type { StoredAnswer } from './score-store.ts';

/** A request to one reward model: stored before it is asked, as its answer is before it is used. */
export interface Question extends RewardKey {
  readonly request: Digest;
  readonly model: string;
  readonly items: readonly PromptAndCompletion[];
}

/** Where reward models are asked: at the site itself, or as services elsewhere. */
export interface RewardSource {
  /** The answer to a request that was never answered before. Rejects with RewardError `rewards.*`. */
  ask(question: Question): Promise<StoredAnswer>;
}
