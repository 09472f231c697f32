/** A prompt and what a policy wrote after it, as reward models read them. */
export interface PromptAndCompletion {
  readonly prompt: string;
  readonly completion: string;
}

/** How completions are judged: over events by services, or by models at the client's own site. */
export interface RewardScorer {
  /**
   * Standardised scores by the reward's name in the spec, one a pair in the order asked, all of them finite; of the rewards
   * whose model is left out of the round there are none. Rejects with an
   * error whose code begins with `rewards.` when a reward model did not answer in time or answered what cannot be used.
   * `key` tells requests apart: the same key again is answered from what is stored.
   */
  score(key: RewardKey, pairs: readonly PromptAndCompletion[]): Promise<ReadonlyMap<string, readonly number[]>>;
}

/** What is asked: a round's iteration, or the evaluation before it (iteration 0). */
export interface RewardKey {
  readonly client: string;
  readonly round: number;
  readonly iteration: number;
}
