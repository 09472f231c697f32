import * as library from '@huggingface/tokenizers';

/**
 * What we use of @huggingface/tokenizers 0.2, declared here: its own declarations import each other without file extensions, which
 * `module: nodenext` cannot follow.
 */
export interface LibraryTokenizer {
  /** Called on every stretch of text between special tokens. */
  normalizer: ((text: string) => string) | null;
  readonly post_processor: { post_process(tokens: readonly string[]): { readonly tokens: readonly string[] } } | null;
  encode(text: string, options: { readonly add_special_tokens: boolean }): { readonly ids: number[] };
  decode(
    ids: readonly number[],
    options: { readonly skip_special_tokens: boolean; readonly clean_up_tokenization_spaces: boolean },
  ): string;
  token_to_id(token: string): number | undefined;
  get_vocab(): ReadonlyMap<string, number>;
}

/** Throws a plain Error on components that the library does not know. */
export function openLibraryTokenizer(tokenizerJson: object): LibraryTokenizer {
  const { Tokenizer } = library as unknown as { Tokenizer: new (json: object, config: object) => LibraryTokenizer };
  return new Tokenizer(tokenizerJson, {});
}
