// A reward model that refuses whatever it is asked, which is a fact like any other.
import { defineRewardModel } from '#reward-models';

export default defineRewardModel({
  name: 'contrary',
  version: '1',
  range: { lowest: 0, highest: 1 },
  standardisation: { mean: 0.5, deviation: 0.25 },
  score: () => {
    throw new Error('not today');
  },
});
