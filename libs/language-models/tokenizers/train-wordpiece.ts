import { ModelError } from '../model-error.ts';
import type { TokenizerJson } from './tokenizer-json.ts';
import { learnPieces } from './train-wordpiece-merges.ts';
import { countWords } from './train-wordpiece-words.ts';
import { wordPieceFromVocabulary } from './word-piece-files.ts';

/** Ids 0 to 4. */
const SPECIAL_TOKENS = ['[PAD]', '[UNK]', '[CLS]', '[SEP]', '[MASK]'];

export interface WordPieceOptions {
  /** A pair of pieces that occurs less often is not merged. Default 2: what occurs once teaches nothing. */
  readonly minimumFrequency?: number | undefined;
  /** At most so many different characters, the commonest; words with others become [UNK]. Default 1000. */
  readonly alphabetLimit?: number | undefined;
  /** Default true: lower case, accents stripped. False keeps both. */
  readonly lowerCase?: boolean | undefined;
}

/**
 * Learns a WordPiece vocabulary as Hugging Face's WordPieceTrainer does and returns the tokenizer.json that
 * holds it; `tokenizerFromJson` opens it. The same texts in any order give the same object.
 * Throws ModelError `tokenizer.vocabulary-size` when the characters alone do not fit.
 */
export async function trainWordPiece(
  texts: Iterable<string> | AsyncIterable<string>,
  vocabularySize: number,
  options: WordPieceOptions = {},
): Promise<TokenizerJson> {
  const lowerCase = options.lowerCase ?? true;
  const words = await countWords(texts, lowerCase);
  const pieces = learnPieces(words, {
    count: vocabularySize - SPECIAL_TOKENS.length,
    minimumFrequency: options.minimumFrequency ?? 2,
    alphabetLimit: options.alphabetLimit ?? 1000,
  });
  if (pieces.length === 0) throw new ModelError('tokenizer.no-text', 'There are no words to learn a vocabulary from');
  if (pieces.length + SPECIAL_TOKENS.length > vocabularySize) {
    throw new ModelError(
      'tokenizer.vocabulary-size',
      `A vocabulary of ${vocabularySize} is too small: special tokens and single characters alone are ${pieces.length + SPECIAL_TOKENS.length}`,
    );
  }
  return withTemplate(
    wordPieceFromVocabulary(
      [...SPECIAL_TOKENS, ...pieces].join('\n'),
      { do_lower_case: lowerCase },
      'The trained vocabulary',
    ),
  );
}

/** `[CLS] text [SEP]`, as current versions of Hugging Face's library write it. */
function withTemplate(json: TokenizerJson): TokenizerJson {
  const special = (id: string, type: number) => ({ SpecialToken: { id, type_id: type } });
  const sequence = (id: string, type: number) => ({ Sequence: { id, type_id: type } });
  const named = ['[CLS]', '[SEP]'].map((token) => [
    token,
    { id: token, ids: [SPECIAL_TOKENS.indexOf(token)], tokens: [token] },
  ]);
  const single = [special('[CLS]', 0), sequence('A', 0), special('[SEP]', 0)];
  return {
    ...json,
    post_processor: {
      type: 'TemplateProcessing',
      single,
      pair: [...single, sequence('B', 1), special('[SEP]', 1)],
      special_tokens: Object.fromEntries(named) as Record<string, unknown>,
    },
  };
}
