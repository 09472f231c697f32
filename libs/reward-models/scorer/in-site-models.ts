import { standardise, type RewardModel } from '../model/reward-model.ts';
import { RewardError } from '../reward-error.ts';
import type { Question, RewardSource } from './reward-source.ts';
import type { StoredAnswer } from './score-store.ts';

/** Reward models that run at the site itself: nothing leaves it. */
export class InSiteModels implements RewardSource {
  private readonly opened: ReadonlyMap<string, RewardModel>;

  /** The models by their names. */
  constructor(opened: ReadonlyMap<string, RewardModel>) {
    this.opened = opened;
  }

  async ask({ request, model: name, items }: Question): Promise<StoredAnswer> {
    const model = this.opened.get(name);
    if (model === undefined) {
      const known = [...this.opened.keys()].join(', ') || 'none';
      throw new RewardError('rewards.model-unknown', `There is no reward model ${name} at this site; it has ${known}.`);
    }
    const { version, digest, range } = model.card;
    const raw = await model.score(items);
    const scores = raw.map((score) => standardise(score, model.card));
    return { request, model: name, version, digest, range: { ...range }, scores };
  }
}
