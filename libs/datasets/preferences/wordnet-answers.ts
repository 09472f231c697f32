import { randomStream } from '#randomness';
import { contrastSafety, isHarmful } from './harmful-answers.ts';
import type { PreferenceRow } from './preference-pair.ts';
import { spoilAnswer } from './spoil-answer.ts';
import { wordQuestions } from './wordnet-questions.ts';

/**
 * Ranked answers to questions about words, one pair a question, the same every time: for helpfulness WordNet's answer above a
 * wrong or garbled one, for safety one that speaks of no harm above one that does. Questions about one word are one group.
 */
export async function* readWordnetAnswers(aspect: 'helpfulness' | 'safety'): AsyncGenerator<PreferenceRow> {
  const questions = await wordQuestions();
  const harmful = questions.filter(isHarmful);
  const harmless = questions.filter((question) => !isHarmful(question));
  for (const [index, question] of questions.entries()) {
    const stream = randomStream(0, 'wordnet-answers', aspect, question.question, question.answer);
    const { word: group, question: prompt } = question;
    if (aspect === 'helpfulness') {
      const rejected = spoilAnswer(question, stream, questions);
      yield { prompt, chosen: question.answer, rejected, group, line: index + 1 };
    } else {
      const { safe, unsafe } = contrastSafety(question, stream, harmless, harmful);
      yield { prompt, chosen: safe, rejected: unsafe, group, line: index + 1 };
    }
  }
}
