import { askedIn } from '#datasets';
import type { Digest } from '#parameters';
import type { PromptAndCompletion, RewardKey, RewardScorer } from '#tuning';
import { refusalOf, type Score } from '../model/reward-model.ts';
import { RewardError } from '../reward-error.ts';
import { requestId } from '../service/request-id.ts';
import type { ScoreStore, StoredAnswer } from './score-store.ts';
import { splitRequests } from './split-requests.ts';

/** A request to one reward model: stored before it is asked, as its answer is before it is used. */
export interface Question extends RewardKey {
  readonly request: Digest;
  readonly model: string;
  readonly items: readonly PromptAndCompletion[];
}

/** A score, or why it cannot be used. */
export interface JudgedScore extends Score {
  readonly refused?: 'missing' | 'not-finite' | 'out-of-range';
}

/** What one reward model said to one request, for the record. */
export interface JudgedAnswer {
  readonly question: Question;
  readonly version: string;
  readonly digest: Digest;
  readonly scores: readonly JudgedScore[];
}

export interface StoredScorerOptions {
  readonly experiment: string;
  /** The reward model behind each reward, by the reward's name in the spec. */
  readonly models: ReadonlyMap<string, string>;
  readonly store: ScoreStore;
  /** Whether a model may change its version while the experiment goes on. Default false. */
  readonly allowVersionChange?: boolean;
  /** Told of every answer before it is used, refused scores included. */
  readonly onJudged?: (answer: JudgedAnswer) => Promise<void>;
}

/**
 * Scoring as a learner asks for it; where the models run is what differs. What was asked before is answered from the site's
 * disk. Rejects with RewardError: `rewards.timeout` when a model does not answer in time, `rewards.refused` with its own
 * reason, `rewards.version-changed` when it is not the one that the experiment began with, `rewards.score-refused` when a score is missing,
 * not finite or out of the model's range.
 */
export abstract class StoredScorer implements RewardScorer {
  protected readonly experiment: string;
  protected readonly store: ScoreStore;
  private readonly options: StoredScorerOptions;

  constructor(options: StoredScorerOptions) {
    this.options = options;
    this.experiment = options.experiment;
    this.store = options.store;
  }

  async score(key: RewardKey, pairs: readonly PromptAndCompletion[]): Promise<ReadonlyMap<string, readonly number[]>> {
    // Reward models judge answers to what was asked; how a policy is prompted for them is not theirs to know.
    const items = pairs.map(({ prompt, completion }) => ({ prompt: askedIn(prompt), completion: completion.trim() }));
    const parts = splitRequests(items);
    const scored = await Promise.all(
      [...this.options.models].map(([reward, model]) => this.scoreBy(key, reward, model, parts)),
    );
    return new Map(scored);
  }

  /** The answer to a request that was never answered before. */
  protected abstract ask(question: Question): Promise<StoredAnswer>;

  private async scoreBy(
    { client, round, iteration }: RewardKey,
    reward: string,
    model: string,
    parts: readonly (readonly PromptAndCompletion[])[],
  ): Promise<readonly [string, readonly number[]]> {
    const answers = await Promise.all(
      parts.map(async (items) => {
        const subject = { client, round, iteration, model, items };
        const request = requestId({ experiment: this.experiment, ...subject });
        return this.judgedAnswer({ ...subject, request });
      }),
    );
    const scores = answers.flatMap((answer) => answer.scores);
    const refused = scores.findIndex((score) => score.refused !== undefined);
    if (refused < 0) return [reward, scores.map(({ standardised }) => standardised ?? NaN)];
    const { raw, refused: why } = scores[refused] ?? {};
    const what = `the score of completion ${refused + 1} is ${why ?? ''}${raw === null ? '' : ` (${raw ?? ''})`}`;
    throw new RewardError('rewards.score-refused', `${model}: ${what}; it is recorded, and not used.`);
  }

  private async judgedAnswer(question: Question): Promise<JudgedAnswer> {
    const known = await this.store.readAnswer(question.request);
    if (known === undefined) await this.store.writeRequest(question.request, question);
    const answer = known ?? (await this.ask(question));
    await this.checkIdentity(answer);
    if (known === undefined) await this.store.writeAnswer(answer);
    const { version, digest, range, scores } = answer;
    const judged = question.items.map((_, i): JudgedScore => {
      const score = scores[i];
      const refused = refusalOf(score, range);
      return { raw: score?.raw ?? null, standardised: score?.standardised ?? null, ...(refused ? { refused } : {}) };
    });
    const told = { question, version, digest, scores: judged };
    await this.options.onJudged?.(told);
    return told;
  }

  /** The first answer says which version an experiment is scored by. */
  private async checkIdentity({ model, version, digest }: StoredAnswer): Promise<void> {
    const began = await this.store.readIdentity(model);
    if (began === undefined) await this.store.writeIdentity(model, { version, digest });
    else if (began.digest !== digest && this.options.allowVersionChange !== true) {
      throw new RewardError(
        'rewards.version-changed',
        `${model} answers as version ${version} (${digest}), and the experiment began with version ${began.version} (${began.digest}). Start that one again, or allow changes in the spec.`,
      );
    }
  }
}
