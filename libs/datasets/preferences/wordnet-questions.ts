import { randomStream } from '#randomness';
import { PARTS_OF_SPEECH, readSynsets } from '../wordnet/read-synsets.ts';
import { topicOf } from '../wordnet/topics.ts';

/** What can be asked about a word. */
export type QuestionKind = 'define' | 'use' | 'kind';

/** A question about a word, with WordNet's answer. */
export interface WordQuestion {
  readonly kind: QuestionKind;
  readonly word: string;
  readonly question: string;
  readonly answer: string;
  readonly definition: string;
}

const TEMPLATES: Record<QuestionKind, readonly string[]> = {
  define: ['Define the word "WORD".', 'What does "WORD" mean?', 'Give a definition of "WORD".'],
  use: ['Use the word "WORD" in a sentence.', 'Write a sentence with the word "WORD".'],
  kind: ['What kind of thing is "WORD"?', 'Name the kind of thing that "WORD" is.'],
};

/** One question a synset whose first word is a single lower-case one, in WordNet's order; the same questions every time. */
export async function wordQuestions(): Promise<WordQuestion[]> {
  const questions: WordQuestion[] = [];
  for (const partOfSpeech of PARTS_OF_SPEECH) {
    for await (const { words, definition, examples, lexicographerFile } of readSynsets(partOfSpeech)) {
      const [word = ''] = words;
      if (!/^[a-z]{3,}$/.test(word)) continue;
      const stream = randomStream(0, 'wordnet-questions', partOfSpeech, word, definition);
      const example = examples.find((text) => text.toLowerCase().includes(word));
      const topic = partOfSpeech === 'noun' ? topicOf(lexicographerFile) : undefined;
      const answers: [QuestionKind, string][] = [['define', definition]];
      if (example !== undefined) answers.push(['use', example]);
      if (topic !== undefined && topic !== 'Tops') answers.push(['kind', `a kind of ${topic}`]);
      const [kind, answer] = answers[stream.integer(answers.length)] ?? ['define', definition];
      const templates = TEMPLATES[kind];
      const question = (templates[stream.integer(templates.length)] ?? '').replace('WORD', word);
      questions.push({ kind, word, question, answer, definition });
    }
  }
  return questions;
}
