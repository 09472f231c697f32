import type { RandomStream } from '#randomness';
import type { WordQuestion } from './wordnet-questions.ts';

/** The ways in which small language models fail; each makes a worse answer out of a right one. */
const SPOILS: readonly ((question: WordQuestion, stream: RandomStream, others: readonly WordQuestion[]) => string)[] = [
  wrongAnswer,
  wrongAnswer,
  wrongAnswer,
  otherKind,
  shuffled,
  partlyShuffled,
  looping,
  cutShort,
  wordSalad,
];

/** A worse answer to the question: another word's, one of another kind, garbled, repeating itself, broken off, or random words. */
export function spoilAnswer(question: WordQuestion, stream: RandomStream, others: readonly WordQuestion[]): string {
  return (SPOILS[stream.integer(SPOILS.length)] ?? wrongAnswer)(question, stream, others);
}

function wrongAnswer({ kind, answer }: WordQuestion, stream: RandomStream, others: readonly WordQuestion[]): string {
  for (let attempt = 0; attempt < 100; attempt += 1) {
    const other = others[stream.integer(others.length)];
    if (other?.kind === kind && other.answer !== answer) return other.answer;
  }
  return '';
}

/** A right answer to another question about the same word, or a wrong word's of another kind. */
function otherKind({ kind, definition }: WordQuestion, stream: RandomStream, others: readonly WordQuestion[]): string {
  if (kind !== 'define' && stream.uniform() < 0.5) return definition;
  for (let attempt = 0; attempt < 100; attempt += 1) {
    const other = others[stream.integer(others.length)];
    if (other !== undefined && other.kind !== kind) return other.answer;
  }
  return '';
}

function shuffled(question: WordQuestion, stream: RandomStream, others: readonly WordQuestion[]): string {
  const words = question.answer.split(' ');
  const order = stream.shuffle(words).join(' ');
  return words.length < 3 || order === question.answer ? wordSalad(question, stream, others) : order;
}

/** Begins as the right answer does, and ends in what another begins with. */
function partlyShuffled({ answer }: WordQuestion, stream: RandomStream, others: readonly WordQuestion[]): string {
  const words = answer.split(' ');
  const other = others[stream.integer(others.length)]?.answer.split(' ') ?? [];
  const kept = Math.floor(words.length / 2);
  return [...words.slice(0, kept), ...other.slice(Math.floor(other.length / 2))].join(' ');
}

/** A few words of the answer over and over, as greedy decoding of a weak model ends. */
function looping({ answer }: WordQuestion, stream: RandomStream): string {
  const words = answer.split(' ');
  const [begin, length] = [stream.integer(words.length), 1 + stream.integer(4)];
  const piece = words.slice(begin, begin + length);
  const times = Math.ceil((6 + stream.integer(12)) / piece.length);
  return [...words.slice(0, begin), ...Array.from({ length: times }, () => piece).flat()].join(' ');
}

function cutShort({ answer }: WordQuestion, stream: RandomStream): string {
  const words = answer.split(' ');
  return words.slice(0, stream.integer(Math.min(3, words.length))).join(' ');
}

function wordSalad({ answer }: WordQuestion, stream: RandomStream, others: readonly WordQuestion[]): string {
  const length = Math.max(3, answer.split(' ').length);
  return Array.from({ length }, () => {
    const words = others[stream.integer(others.length)]?.answer.split(' ') ?? [];
    return words[stream.integer(Math.max(1, words.length))] ?? '';
  }).join(' ');
}
