// A reward model of one's own as a TypeScript service:
//
//   npx airtune reward serve examples/reward-models/brevity.ts
//
// It prefers answers of about a dozen words, and none that repeat themselves.
import { defineRewardModel } from '#reward-models';

const WORDS = 12;

function brevity(completion: string): number {
  const words = completion.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? [];
  if (words.length === 0) return 0;
  const distance = Math.abs(Math.log(words.length / WORDS));
  const variety = new Set(words).size / words.length;
  return variety * Math.exp(-distance);
}

export default defineRewardModel({
  name: 'brevity',
  version: '1',
  // Raw scores lie in here; one outside would be refused.
  range: { lowest: 0, highest: 1 },
  // Measured on a few hundred answers, so that a weight of 0.5 means what it means for other reward models.
  standardisation: { mean: 0.5, deviation: 0.25 },
  score: (completions) => completions.map(({ completion }) => brevity(completion)),
});
