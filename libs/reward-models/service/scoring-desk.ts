import { digestOfJson } from '#ledger';
import type { RewardModel, Score } from '../model/reward-model.ts';
import { standardise } from '../model/reward-model.ts';
import { RewardError } from '../reward-error.ts';
import type { Completion } from '../scoring/encode-pair.ts';

/** Completions to score; without a name nothing is remembered. */
export interface ScoringRequest {
  readonly request: string | undefined;
  readonly items: readonly Completion[];
}

interface Answered {
  /** Of the items, so that another request under the same name is no repetition. */
  readonly content: string;
  readonly scores: Promise<readonly Score[]>;
}

/** A request of 256 scores takes some 20 kB. */
const MOST_ANSWERS = 2000;

/**
 * Answers requests by one reward model. The same request twice is scored once: answers are kept, the latest 2,000, and one
 * that is under way is waited for. A failure is not kept: asking again tries again.
 */
export class ScoringDesk {
  readonly model: RewardModel;
  private readonly answers = new Map<string, Answered>();
  private readonly most: number;
  /** Requests that were computed, for metrics and tests: repetitions do not count. */
  computed = 0;

  constructor(model: RewardModel, most = MOST_ANSWERS) {
    this.model = model;
    this.most = most;
  }

  /**
   * One score a completion, in their order.
   * @throws RewardError `reward.request-reused` when the name stood for other completions, `reward.answer` when the model
   * gives another number of scores; or the model's own error.
   */
  async answer({ request, items }: ScoringRequest): Promise<readonly Score[]> {
    if (request === undefined) return this.score(items);
    const content = digestOfJson(items.map(({ prompt, completion }) => [prompt, completion]));
    const known = this.answers.get(request);
    if (known !== undefined) {
      if (known.content === content) return known.scores;
      throw new RewardError('reward.request-reused', `Request ${request} stood for other completions before.`);
    }
    const scores = this.score(items);
    this.answers.set(request, { content, scores });
    this.forgetOldest();
    try {
      return await scores;
    } catch (error) {
      this.answers.delete(request);
      throw error;
    }
  }

  private async score(items: readonly Completion[]): Promise<readonly Score[]> {
    if (items.length === 0) return [];
    this.computed += 1;
    const raw = await this.model.score(items);
    if (raw.length !== items.length)
      throw new RewardError(
        'reward.answer',
        `${this.model.card.name} gave ${raw.length} scores for ${items.length} completions.`,
      );
    return raw.map((score) => standardise(score, this.model.card));
  }

  private forgetOldest(): void {
    for (const request of this.answers.keys()) {
      if (this.answers.size <= this.most) return;
      this.answers.delete(request);
    }
  }
}
