import { describe, expect, it } from '@jest/globals';
import { listOf } from '../fixtures/temporary-file.ts';
import { PARTS_OF_SPEECH, readSynsets } from './read-synsets.ts';

describe('readSynsets', () => {
  it('reads all of WordNet 3.1, words, definitions and examples apart', async () => {
    const [nouns = [], verbs, adjectives = [], adverbs] = await Promise.all(
      PARTS_OF_SPEECH.map(async (part) => listOf(readSynsets(part))),
    );
    expect([nouns, verbs, adjectives, adverbs].map((synsets) => synsets?.length)).toEqual([82192, 13789, 18185, 3625]);
    expect(nouns.find(({ words }) => words[1] === 'physical object')).toEqual({
      lexicographerFile: 3,
      words: ['object', 'physical object'],
      definition: 'a tangible and visible entity; an entity that can cast a shadow',
      examples: ['it was full of rackets, balls and other objects'],
    });
    expect(nouns.filter(({ definition }) => definition === '')).toEqual([]);
    // Adjectives carry syntactic markers in the file: galore(ip).
    const words = adjectives.flatMap((synset) => synset.words);
    expect(words.includes('galore')).toBe(true);
    expect(words.filter((word) => word.includes('('))).toEqual([]);
  });
});
