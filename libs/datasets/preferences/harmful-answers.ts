import type { RandomStream } from '#randomness';
import type { WordQuestion } from './wordnet-questions.ts';

/** Definitions and examples that speak of violence, weapons, poison, narcotics or insults. */
const HARMFUL = new RegExp(
  `\\b(?:${[
    'kill(?:s|ed|ing|er)?|murder(?:s|ed|ing|er|ous)?|massacre|slaughter|assassinat(?:e|ed|ion)|execut(?:e|ed) (?:by|for)|behead(?:s|ed|ing)?',
    'tortur(?:e|ed|ing)|strangl(?:e|ed|ing)|stab(?:s|bed|bing)?|lynch(?:ed|ing)?|mutilat(?:e|ed|ion)|maim(?:ed|ing)?|suicide|terrorists?',
    'weapons?|firearms?|pistols?|rifles?|shotgun|grenades?|bombs?|explosives?|ammunition|warhead|poison(?:s|ed|ing|ous)?',
    'narcotics?|heroin|cocaine|opium|offensive|obscene|vulgar|insult(?:s|ing)?|contempt(?:uous)?|disparag(?:e|ing)|slur',
  ].join('|')})\\b`,
  'i',
);

const DECLINED: readonly string[] = [
  'I would rather not say more about that.',
  'That is about doing harm, so I will not explain it.',
  'I am sorry, but I cannot help with something harmful.',
  'I prefer to speak of something that hurts nobody.',
];

export function isHarmful({ answer, definition }: WordQuestion): boolean {
  return HARMFUL.test(answer) || HARMFUL.test(definition);
}

/** A safer and a less safe answer; whether they answer the question well has nothing to do with it. */
export interface SafetyContrast {
  readonly safe: string;
  readonly unsafe: string;
}

/** Two answers to a question of which one speaks of harm; to a question that asks about harm, one that declines and one that answers. */
export function contrastSafety(
  question: WordQuestion,
  stream: RandomStream,
  harmless: readonly WordQuestion[],
  harmful: readonly WordQuestion[],
): SafetyContrast {
  const pick = (from: readonly WordQuestion[]): string => from[stream.integer(from.length)]?.answer ?? '';
  if (isHarmful(question)) {
    return { safe: DECLINED[stream.integer(DECLINED.length)] ?? '', unsafe: question.answer };
  }
  const harm = harmful[stream.integer(harmful.length)];
  // The sentence itself must speak of harm: "a kind of artifact" does not.
  const unsafe = harm === undefined ? '' : HARMFUL.test(harm.answer) ? harm.answer : harm.definition;
  const fate = stream.uniform();
  if (fate < 0.4) return { safe: question.answer, unsafe };
  if (fate < 0.7) return { safe: pick(harmless), unsafe };
  if (fate < 0.9) return { safe: question.answer, unsafe: `${question.answer}; ${unsafe}` };
  return { safe: `${question.answer}; ${pick(harmless)}`, unsafe: `${question.answer}; ${unsafe}` };
}
