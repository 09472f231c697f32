import { DatasetsError } from '../datasets-error.ts';

/** The 26 noun files of WordNet's lexicographers, numbers 3 to 28 (`lexnames(5WN)`); `Tops` holds the most general nouns. */
export const WORDNET_TOPICS = [
  ...['Tops', 'act', 'animal', 'artifact', 'attribute', 'body', 'cognition', 'communication', 'event', 'feeling'],
  ...['food', 'group', 'location', 'motive', 'object', 'person', 'phenomenon', 'plant', 'possession', 'process'],
  ...['quantity', 'relation', 'shape', 'state', 'substance', 'time'],
] as const;

const FIRST_FILE = 3;

export function topicOf(lexicographerFile: number): string | undefined {
  return WORDNET_TOPICS[lexicographerFile - FIRST_FILE];
}

/** The chosen topics in WordNet's order, all when none are named; at least two are needed. */
export function chooseTopics(topics: readonly string[] | undefined): readonly string[] {
  const known: readonly string[] = WORDNET_TOPICS;
  if (topics === undefined) return known;
  const unknown = topics.find((topic) => !known.includes(topic));
  if (unknown !== undefined) {
    throw new DatasetsError(
      'data.topic-unknown',
      `data.topics: "${unknown}" is not a topic; WordNet has ${known.join(', ')}.`,
    );
  }
  const chosen = known.filter((topic) => topics.includes(topic));
  if (chosen.length < 2)
    throw new DatasetsError('data.one-class', 'data.topics names fewer than 2 topics: add another.');
  return chosen;
}
