import type { RandomStream } from '#randomness';
import type { WordnetInstruction } from '../instructions/wordnet-instructions.ts';

type Spoil = (right: WordnetInstruction, stream: RandomStream, others: readonly WordnetInstruction[]) => string;

/** The ways in which small language models fail; each makes a worse answer out of a right one. Wrong ones are hardest to tell. */
const SPOILS: readonly Spoil[] = [
  wrongAnswer,
  wrongAnswer,
  wrongAnswer,
  otherCategory,
  shuffled,
  halfAnother,
  looping,
  cutShort,
  wordSalad,
];

/** A worse answer: another word's, one to another kind of question, garbled, repeating itself, broken off, or random words. */
export const spoilAnswer: Spoil = (right, stream, others) =>
  (SPOILS[stream.integer(SPOILS.length)] ?? wrongAnswer)(right, stream, others);

function wrongAnswer(
  { category, output }: WordnetInstruction,
  stream: RandomStream,
  others: readonly WordnetInstruction[],
): string {
  return draw(stream, others, (other) => other.category === category && other.output !== output);
}

function otherCategory(
  { category }: WordnetInstruction,
  stream: RandomStream,
  others: readonly WordnetInstruction[],
): string {
  return draw(stream, others, (other) => other.category !== category);
}

/** The answer of an instruction that suits; chance finds one soon. */
function draw(
  stream: RandomStream,
  others: readonly WordnetInstruction[],
  suits: (other: WordnetInstruction) => boolean,
): string {
  for (let attempt = 0; attempt < 200; attempt += 1) {
    const other = others[stream.integer(others.length)];
    if (other !== undefined && suits(other)) return other.output;
  }
  return '';
}

function shuffled(right: WordnetInstruction, stream: RandomStream, others: readonly WordnetInstruction[]): string {
  const words = right.output.split(' ');
  const order = stream.shuffle(words).join(' ');
  return words.length < 3 || order === right.output ? wordSalad(right, stream, others) : order;
}

/** Begins as the right answer does and ends as another does. */
function halfAnother(
  { output }: WordnetInstruction,
  stream: RandomStream,
  others: readonly WordnetInstruction[],
): string {
  const words = output.split(' ');
  const other = others[stream.integer(others.length)]?.output.split(' ') ?? [];
  return [...words.slice(0, Math.floor(words.length / 2)), ...other.slice(Math.floor(other.length / 2))].join(' ');
}

/** A few words of the answer over and over, as greedy decoding of a weak model ends. */
function looping({ output }: WordnetInstruction, stream: RandomStream): string {
  const words = output.split(' ');
  const [begin, length] = [stream.integer(words.length), 1 + stream.integer(4)];
  const piece = words.slice(begin, begin + length);
  const times = Math.ceil((6 + stream.integer(12)) / piece.length);
  return [...words.slice(0, begin), ...Array.from({ length: times }, () => piece).flat()].join(' ');
}

function cutShort({ output }: WordnetInstruction, stream: RandomStream): string {
  const words = output.split(' ');
  return words.slice(0, stream.integer(Math.min(3, words.length))).join(' ');
}

function wordSalad(
  { output }: WordnetInstruction,
  stream: RandomStream,
  others: readonly WordnetInstruction[],
): string {
  const length = Math.max(3, output.split(' ').length);
  return Array.from({ length }, () => {
    const words = others[stream.integer(others.length)]?.output.split(' ') ?? [];
    return words[stream.integer(Math.max(1, words.length))] ?? '';
  }).join(' ');
}
