import { hashFraction } from '../hash-fraction.ts';

/** One noun in ten is kept for testing. */
const TEST_FRACTION = 0.1;

/**
 * Whether a definition belongs to the test split of `wordnet-topics`: decided by its words alone, so it never changes,
 * and synsets that share a definition (there are some 600) fall on the same side.
 * The pre-training corpus leaves out whatever this holds for, in every part of speech.
 */
export function isTestDefinition(definition: string): boolean {
  return hashFraction('wordnet-topics test', definition) < TEST_FRACTION;
}
