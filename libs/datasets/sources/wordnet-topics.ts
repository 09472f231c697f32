import type { LabelledRow } from '../labelled-row.ts';
import { isTestDefinition } from '../wordnet/held-out-definition.ts';
import { readSynsets } from '../wordnet/read-synsets.ts';
import { topicOf } from '../wordnet/topics.ts';

export interface WordnetRow extends LabelledRow {
  readonly split: 'train' | 'test';
}

/**
 * WordNet's nouns as a classification task: told "word, synonym: definition", name the topic, which is the file that the
 * lexicographers keep the noun in. Examples of use are left out: they say little about the topic and repeat the word.
 */
export async function* readWordnetTopics(topics: readonly string[]): AsyncGenerator<WordnetRow> {
  let line = 0;
  for await (const { lexicographerFile, words, definition } of readSynsets('noun')) {
    line += 1;
    const label = topicOf(lexicographerFile);
    if (label === undefined || !topics.includes(label)) continue;
    yield {
      text: `${words.join(', ')}: ${definition}`,
      label,
      line,
      split: isTestDefinition(definition) ? 'test' : 'train',
    };
  }
}
