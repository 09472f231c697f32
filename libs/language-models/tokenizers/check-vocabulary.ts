import { ModelError } from '../model-error.ts';
import type { Tokenizer } from './tokenizer.ts';

/** Throws ModelError `tokenizer.vocabulary` when the tokenizer gives ids for which the model has no embedding: it belongs to another model. */
export function checkVocabulary(tokenizer: Tokenizer, config: { readonly vocabulary: number }): void {
  if (tokenizer.vocabularySize <= config.vocabulary) return;
  throw new ModelError(
    'tokenizer.vocabulary',
    `The tokenizer has ${tokenizer.vocabularySize} tokens, the model's vocab_size is ${config.vocabulary}: they do not belong together`,
  );
}
