import { isTestDefinition } from '../wordnet/held-out-definition.ts';
import { PARTS_OF_SPEECH, readSynsets } from '../wordnet/read-synsets.ts';

/**
 * Every synset of every part of speech as "word, synonym: definition; example; example", but for those whose definition
 * `wordnet-topics` tests on: an encoder pre-trained on this has never seen what it is tested with.
 */
export async function* readWordnetDocuments(): AsyncGenerator<string> {
  for (const partOfSpeech of PARTS_OF_SPEECH) {
    for await (const { words, definition, examples } of readSynsets(partOfSpeech)) {
      if (!isTestDefinition(definition)) yield `${words.join(', ')}: ${[definition, ...examples].join('; ')}`;
    }
  }
}
