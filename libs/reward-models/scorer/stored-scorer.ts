import { askedIn } from '#datasets';
import type { Digest } from '#parameters';
import type { PromptAndCompletion, RewardKey, RewardScorer } from '#tuning';
import { refusalOf, type Score } from '../model/reward-model.ts';
import { RewardError } from '../reward-error.ts';
import { requestId } from '../service/request-id.ts';
import type { Question, RewardSource } from './reward-source.ts';
import type { ModelIdentity, ScoreStore, StoredAnswer } from './score-store.ts';
import { splitRequests } from './split-requests.ts';

/** A score, or why it cannot be used. */
export interface JudgedScore extends Score {
  readonly refused?: 'missing' | 'not-finite' | 'out-of-range';
}

/** What one reward model said to one request, for the record. */
export interface JudgedAnswer {
  /** The reward that it is for, by its name in the spec. */
  readonly reward: string;
  /** Of the completions that were drawn together, which is the first of the question's. */
  readonly firstPlace: number;
  readonly question: Question;
  readonly version: string;
  readonly digest: Digest;
  readonly scores: readonly JudgedScore[];
}

/** The model behind a reward, and where it is asked. */
export interface AskedModel {
  readonly model: string;
  readonly source: RewardSource;
}

export interface StoredScorerOptions {
  readonly experiment: string;
  /** Who judges a client's completions in a round, by the reward's name in the spec. */
  readonly models: (key: RewardKey) => ReadonlyMap<string, AskedModel>;
  readonly store: ScoreStore;
  /** Whether a model may change its version while the experiment goes on. Default false. */
  readonly allowVersionChange?: boolean;
  /** Told of every answer before it is used, refused scores included. */
  readonly onJudged?: (answer: JudgedAnswer) => Promise<void>;
}

/**
 * Scoring as a learner asks for it. What was asked before is answered from the site's disk. Rejects with RewardError:
 * `rewards.timeout` when a model does not answer in time, `rewards.refused` with its own reason, `rewards.version-changed`
 * when it is not the one that the experiment began with, `rewards.score-refused` when a score is missing, not finite or out
 * of the model's range, `rewards.none` when no model is left.
 */
export class StoredScorer implements RewardScorer {
  private readonly options: StoredScorerOptions;
  /** By request: several rewards may have one model, which is asked once. */
  private readonly underWay = new Map<string, Promise<StoredAnswer>>();
  /** By model: answers that come together agree on which version was the first. */
  private readonly began = new Map<string, Promise<ModelIdentity>>();

  constructor(options: StoredScorerOptions) {
    this.options = options;
  }

  async score(key: RewardKey, pairs: readonly PromptAndCompletion[]): Promise<ReadonlyMap<string, readonly number[]>> {
    // Reward models judge answers to what was asked; how a policy is prompted for them is not theirs to know.
    const items = pairs.map(({ prompt, completion }) => ({ prompt: askedIn(prompt), completion: completion.trim() }));
    const parts = splitRequests(items);
    const models = this.options.models(key);
    if (models.size === 0)
      throw new RewardError('rewards.none', `No reward model is there in round ${key.round}: each is left out.`);
    const scoring = [...models].map(([reward, model]) => this.scoreBy(key, reward, model, parts));
    // What is under way is stored before the first failure is told: asking again then asks less.
    await Promise.allSettled(scoring);
    return new Map(await Promise.all(scoring));
  }

  private async scoreBy(
    { client, round, iteration }: RewardKey,
    reward: string,
    { model, source }: AskedModel,
    parts: readonly (readonly PromptAndCompletion[])[],
  ): Promise<readonly [string, readonly number[]]> {
    const answers = await Promise.all(
      parts.map(async (items, part) => {
        const firstPlace = parts.slice(0, part).reduce((sum, { length }) => sum + length, 0);
        const subject = { client, round, iteration, model, items };
        const request = requestId({ experiment: this.options.experiment, ...subject });
        return this.judgedAnswer({ reward, firstPlace }, { ...subject, request }, source);
      }),
    );
    const scores = answers.flatMap((answer) => answer.scores);
    const refused = scores.findIndex((score) => score.refused !== undefined);
    if (refused < 0) return [reward, scores.map(({ standardised }) => standardised ?? NaN)];
    const { raw, refused: why } = scores[refused] ?? {};
    const what = `the score of completion ${refused + 1} is ${why ?? ''}${raw === null ? '' : ` (${raw ?? ''})`}`;
    throw new RewardError('rewards.score-refused', `${model}: ${what}; it is recorded, and not used.`);
  }

  private async judgedAnswer(
    place: Pick<JudgedAnswer, 'reward' | 'firstPlace'>,
    question: Question,
    source: RewardSource,
  ): Promise<JudgedAnswer> {
    const { version, digest, range, scores } = await once(this.underWay, question.request, () =>
      this.answer(question, source),
    );
    const judged = question.items.map((_, i): JudgedScore => {
      const score = scores[i];
      const refused = refusalOf(score, range);
      return { raw: score?.raw ?? null, standardised: score?.standardised ?? null, ...(refused ? { refused } : {}) };
    });
    const told = { ...place, question, version, digest, scores: judged };
    await this.options.onJudged?.(told);
    return told;
  }

  private async answer(question: Question, source: RewardSource): Promise<StoredAnswer> {
    const { store } = this.options;
    const known = await store.readAnswer(question.request);
    if (known === undefined) await store.writeRequest(question.request, question);
    const answer = known ?? (await source.ask(question));
    await this.checkIdentity(answer);
    if (known === undefined) await store.keepAnswer(answer);
    return answer;
  }

  /** The first answer says which version an experiment is scored by. One of another is not kept: the right one may come back. */
  private async checkIdentity({ request, model, version, digest }: StoredAnswer): Promise<void> {
    const { store, allowVersionChange } = this.options;
    const began = await once(this.began, model, async () => {
      const stored = await store.readIdentity(model);
      if (stored === undefined) await store.writeIdentity(model, { version, digest });
      return stored ?? { version, digest };
    });
    if (began.digest !== digest && allowVersionChange !== true) {
      await store.forgetAnswer(request);
      throw new RewardError(
        'rewards.version-changed',
        `${model} answers as version ${version} (${digest}), and the experiment began with version ${began.version} (${began.digest}). Start that one again, or let the spec allow it (rewards.allowNewVersions).`,
      );
    }
  }
}

/** What is under way under this key, or begun now. */
async function once<T>(underWay: Map<string, Promise<T>>, key: string, begin: () => Promise<T>): Promise<T> {
  const begun = underWay.get(key);
  if (begun !== undefined) return begun;
  const work = begin().finally(() => underWay.delete(key));
  underWay.set(key, work);
  return work;
}
