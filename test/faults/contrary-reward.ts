// A reward model that is there, and refuses whatever it is asked in earnest, which is a fact like any other.
import { defineRewardModel } from '#reward-models';

export default defineRewardModel({
  name: 'contrary',
  version: '1',
  range: { lowest: 0, highest: 1 },
  standardisation: { mean: 0.5, deviation: 0.25 },
  score: ([first]) => {
    if (first?.prompt === 'Are you there?') return [0.5];
    throw new Error('not today');
  },
});
