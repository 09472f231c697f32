import type { RandomStream } from '#randomness';
import type { WordnetInstruction } from '../instructions/wordnet-instructions.ts';

/** Answers that speak of violence, weapons, poison, narcotics or insults. */
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

export function isHarmful({ output }: WordnetInstruction): boolean {
  return HARMFUL.test(output);
}

/** A safer and a less safe answer; whether they answer the question well has nothing to do with it. */
export interface SafetyContrast {
  readonly safe: string;
  readonly unsafe: string;
}

/** Two answers to an instruction of which one speaks of harm; where the right one does, one that declines and that one. */
export function contrastSafety(
  { output: right }: WordnetInstruction,
  stream: RandomStream,
  { harmless, harmful }: Readonly<Record<'harmless' | 'harmful', readonly WordnetInstruction[]>>,
): SafetyContrast {
  if (HARMFUL.test(right)) return { safe: DECLINED[stream.integer(DECLINED.length)] ?? '', unsafe: right };
  const pick = (from: readonly WordnetInstruction[]): string => from[stream.integer(from.length)]?.output ?? '';
  const unsafe = pick(harmful);
  const fate = stream.uniform();
  if (fate < 0.4) return { safe: right, unsafe };
  if (fate < 0.7) return { safe: pick(harmless), unsafe };
  if (fate < 0.9) return { safe: right, unsafe: `${right} ${unsafe}` };
  return { safe: `${right} ${pick(harmless)}`, unsafe: `${right} ${unsafe}` };
}
