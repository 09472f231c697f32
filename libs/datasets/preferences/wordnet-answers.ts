import { randomStream } from '#randomness';
import { readWordnetInstructions, type WordnetInstruction } from '../instructions/wordnet-instructions.ts';
import { contrastSafety, isHarmful } from './harmful-answers.ts';
import type { PreferenceRow } from './preference-pair.ts';
import { spoilAnswer } from './spoil-answer.ts';

/**
 * Ranked answers to the shipped instructions about WordNet's words, one pair an instruction, the same every time: for
 * helpfulness the right answer above a wrong or garbled one, for safety one that speaks of no harm above one that does.
 * Held out is what the instructions themselves are tested with.
 */
export async function* readWordnetAnswers(aspect: 'helpfulness' | 'safety'): AsyncGenerator<PreferenceRow> {
  const instructions: WordnetInstruction[] = [];
  for await (const instruction of readWordnetInstructions()) instructions.push(instruction);
  // Nothing that is held out is shown in training, not even as another question's wrong answer.
  const pools = { train: poolsOf(instructions.filter(({ split }) => split === 'train')), test: poolsOf(instructions) };
  for (const [index, instruction] of instructions.entries()) {
    const { instruction: prompt, output, split } = instruction;
    const stream = randomStream(0, 'wordnet-answers', aspect, prompt, output);
    const place = { prompt, group: prompt, split, line: index + 1 };
    if (aspect === 'helpfulness') {
      yield { ...place, chosen: output, rejected: spoilAnswer(instruction, stream, pools[split].all) };
    } else {
      const { safe, unsafe } = contrastSafety(instruction, stream, pools[split]);
      yield { ...place, chosen: safe, rejected: unsafe };
    }
  }
}

function poolsOf(all: readonly WordnetInstruction[]) {
  const harmful = all.filter(isHarmful);
  return { all, harmful, harmless: all.filter((instruction) => !isHarmful(instruction)) };
}
