import { hashFraction } from '../hash-fraction.ts';
import { isTestDefinition } from '../wordnet/held-out-definition.ts';
import { PARTS_OF_SPEECH, readSynsets } from '../wordnet/read-synsets.ts';
import { topicOf } from '../wordnet/topics.ts';
import type { Instruction } from './instruction.ts';

/** Ways to ask each thing; `$` stands for the word. Which one is used depends on the word alone. */
const ASKED = {
  define: ['Define "$".', 'What does "$" mean?', 'Explain the word "$".'],
  sentence: ['Use "$" in a sentence.', 'Give an example of "$".', 'Write something with "$" in it.'],
  kind: ['What kind of thing is "$"?', 'Name the kind of "$".', 'Is "$" an animal, a plant or something else?'],
} as const;

/** What WordNet's lexicographers file nouns under, as an answer says it. */
const KINDS: Readonly<Record<string, string>> = {
  act: 'an act',
  animal: 'an animal',
  artifact: 'a thing that people make',
  attribute: 'an attribute',
  body: 'a part of the body',
  cognition: 'an idea',
  communication: 'a kind of communication',
  event: 'an event',
  feeling: 'a feeling',
  food: 'a food',
  group: 'a group',
  location: 'a place',
  motive: 'a motive',
  object: 'a natural object',
  person: 'a person',
  phenomenon: 'a phenomenon',
  plant: 'a plant',
  possession: 'a possession',
  process: 'a process',
  quantity: 'a quantity',
  relation: 'a relation',
  shape: 'a shape',
  state: 'a state',
  substance: 'a substance',
  time: 'a time',
};

export interface WordnetInstruction extends Instruction {
  readonly category: keyof typeof ASKED;
  readonly split: 'train' | 'test';
}

/**
 * Instructions of our own templates over WordNet: define a word, use it in a sentence, name its kind (nouns). A word stands for
 * the first synset that it heads; whatever concerns a definition that `wordnet-topics` tests on is for testing.
 */
export async function* readWordnetInstructions(): AsyncGenerator<WordnetInstruction> {
  const seen = new Set<string>();
  for (const partOfSpeech of PARTS_OF_SPEECH) {
    for await (const { lexicographerFile, words, definition, examples } of readSynsets(partOfSpeech)) {
      const word = words[0] ?? '';
      if (word === '' || seen.has(word)) continue;
      seen.add(word);
      const split = isTestDefinition(definition) ? 'test' : 'train';
      yield { ...asked('define', word), output: sentence(definition), split };
      const example = examples.find((text) => text.includes(word));
      if (example !== undefined) yield { ...asked('sentence', word), output: sentence(example), split };
      const kind = partOfSpeech === 'noun' ? KINDS[topicOf(lexicographerFile) ?? ''] : undefined;
      if (kind !== undefined) yield { ...asked('kind', word), output: sentence(`it is ${kind}`), split };
    }
  }
}

function asked(category: keyof typeof ASKED, word: string) {
  const ways = ASKED[category];
  const way = ways[Math.floor(hashFraction(`ask to ${category}`, word) * ways.length)] ?? ways[0];
  // A function: a word may hold "$&", which means something in a replacement text.
  return { instruction: way.replace('$', () => word), category };
}

/** With a capital at the start and a mark at the end. */
function sentence(text: string): string {
  const whole = text.charAt(0).toUpperCase() + text.slice(1);
  return /[.!?]$/.test(whole) ? whole : `${whole}.`;
}
