import { ModelError, wordsOf } from '../model-error.ts';
import { bertTextNormalizer } from './bert-text-normalizer.ts';
import { openLibraryTokenizer, type LibraryTokenizer } from './hugging-face-library.ts';
import type { TokenizerConfig, TokenizerJson } from './tokenizer-json.ts';

/** Text to token ids and back. Ids equal those of Hugging Face's own tokenizers; padding is the caller's. */
export interface Tokenizer {
  /** The ids with special tokens around them, the text cut so that at most `maxTokens` come out. */
  encode(text: string, maxTokens: number): number[];
  /** The ids of the text alone, uncut. */
  encodeRaw(text: string): number[];
  /** The text of some ids, special tokens left out. */
  decode(ids: readonly number[]): string;
  /** One more than the largest id. */
  readonly vocabularySize: number;
  readonly padTokenId: number;
  /** The token at the start of a text; a tokenizer without one (GPT-2) gives its end-of-text. */
  readonly clsTokenId: number;
  /** The token at the end of a text; as `clsTokenId`. */
  readonly sepTokenId: number;
  readonly maskTokenId?: number;
  /** Ids that stand for no text: padding, boundaries, mask, unknown. */
  readonly specialTokenIds: ReadonlySet<number>;
  /** What `saveTokenizer` writes. */
  readonly files: { readonly tokenizer: TokenizerJson; readonly config: TokenizerConfig };
}

/** A tokenizer from the contents of tokenizer.json; `where` is how errors call it. Throws ModelError `tokenizer.*`. */
export function createTokenizer(json: TokenizerJson, config: TokenizerConfig, where: string): Tokenizer {
  const library = openLibrary(json, where);
  const idOf = (token: string | null | undefined): number | undefined =>
    token === null || token === undefined ? undefined : library.token_to_id(token);
  const { unk_token: unknown } = json.model;
  if (json.model.type === 'WordPiece' && idOf(unknown) === undefined) {
    throw new ModelError(
      'tokenizer.token-missing',
      `${where}: the vocabulary lacks the unknown token ${unknown ?? '(none is named)'}`,
    );
  }
  const firstOf = (role: string, ...names: (string | null | undefined)[]): number => {
    const id = names.map(idOf).find((candidate) => candidate !== undefined);
    if (id === undefined)
      throw new ModelError('tokenizer.token-missing', `${where}: the vocabulary has no ${role} token`);
    return id;
  };
  const end = '<|endoftext|>';
  const { prefix, suffix } = surroundings(library, where);
  const room = prefix.length + suffix.length;
  const specialTokenIds = new Set(json.added_tokens.filter(({ special }) => special).map(({ id }) => id));
  const encodeRaw = (text: string): number[] => library.encode(text, { add_special_tokens: false }).ids;
  const maskTokenId = idOf(config.mask_token) ?? idOf('[MASK]') ?? idOf('<mask>');
  return {
    encode: (text, maxTokens) => {
      if (!(maxTokens >= room))
        throw new ModelError(
          'tokenizer.limit',
          `At most ${maxTokens} tokens leave no room for the ${room} special ones`,
        );
      return [...prefix, ...encodeRaw(text).slice(0, maxTokens - room), ...suffix];
    },
    encodeRaw,
    decode: (ids) => decode(library, ids, config.clean_up_tokenization_spaces ?? false),
    vocabularySize: largestId(library) + 1,
    padTokenId: firstOf('padding', config.pad_token, '[PAD]', '<pad>', config.eos_token, end),
    clsTokenId: firstOf('start', config.cls_token, '[CLS]', '<s>', config.bos_token, end),
    sepTokenId: firstOf('end', config.sep_token, '[SEP]', '</s>', config.eos_token, end),
    ...(maskTokenId === undefined ? {} : { maskTokenId }),
    specialTokenIds,
    files: { tokenizer: json, config },
  };
}

function openLibrary(json: TokenizerJson, where: string): LibraryTokenizer {
  try {
    const library = openLibraryTokenizer(json);
    if (json.normalizer?.type === 'BertNormalizer') library.normalizer = bertTextNormalizer(json.normalizer);
    return library;
  } catch (cause) {
    throw new ModelError('tokenizer.unsupported', `${where}: ${wordsOf(cause)}`, { cause });
  }
}

/** The special tokens before and after a text, found by sending a token that no vocabulary has through the post-processor. */
function surroundings(library: LibraryTokenizer, where: string): { prefix: number[]; suffix: number[] } {
  const probe = '\u0000text\u0000';
  const tokens = library.post_processor?.post_process([probe]).tokens ?? [probe];
  const ids = tokens.map((token) => {
    const id = token === probe ? -1 : library.token_to_id(token);
    if (id === undefined)
      throw new ModelError('tokenizer.token-missing', `${where}: the vocabulary lacks the special token ${token}`);
    return id;
  });
  const at = ids.indexOf(-1);
  return { prefix: ids.slice(0, at), suffix: ids.slice(at + 1) };
}

function largestId(library: LibraryTokenizer): number {
  let largest = -1;
  for (const id of library.get_vocab().values()) largest = Math.max(largest, id);
  return largest;
}

function decode(library: LibraryTokenizer, ids: readonly number[], tidy: boolean): string {
  // The library takes an empty list for a mistake.
  if (ids.length === 0) return '';
  return library.decode([...ids], { skip_special_tokens: true, clean_up_tokenization_spaces: tidy });
}
