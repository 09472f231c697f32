import { access } from 'node:fs/promises';
import { join } from 'node:path';

import { readJsonFile, readTextFile } from '../checkpoints/read-json-file.ts';
import { ModelError } from '../model-error.ts';
import { bytePairFromFiles } from './byte-pair-files.ts';
import { createTokenizer, type Tokenizer } from './tokenizer.ts';
import {
  parseTokenizerConfig,
  parseTokenizerJson,
  type TokenizerConfig,
  type TokenizerJson,
} from './tokenizer-json.ts';
import { wordPieceFromVocabulary } from './word-piece-files.ts';

/**
 * The tokenizer of a Hugging Face folder: from tokenizer.json, else vocab.txt (WordPiece), else vocab.json and merges.txt (byte-level BPE),
 * with the options of tokenizer_config.json. Throws ModelError `tokenizer.*` naming the file and what is wrong with it.
 */
export async function loadTokenizer(dir: string): Promise<Tokenizer> {
  const config = await readOptions(dir);
  const path = (name: string): string => join(dir, name);
  if (await exists(path('tokenizer.json'))) {
    const json = parseTokenizerJson(
      await readJsonFile(path('tokenizer.json'), 'tokenizer.file'),
      path('tokenizer.json'),
    );
    return createTokenizer(withOptions(json, config), config, path('tokenizer.json'));
  }
  if (await exists(path('vocab.txt'))) {
    const text = await readTextFile(path('vocab.txt'), 'tokenizer.file');
    const json = wordPieceFromVocabulary(text, config, path('vocab.txt'));
    return createTokenizer(withAddedTokens(json, config), config, path('vocab.txt'));
  }
  if ((await exists(path('vocab.json'))) && (await exists(path('merges.txt')))) {
    const where = { vocabulary: path('vocab.json'), merges: path('merges.txt') };
    const vocabulary = await readJsonFile(where.vocabulary, 'tokenizer.file');
    const merges = await readTextFile(where.merges, 'tokenizer.file');
    const json = bytePairFromFiles(vocabulary, merges, config, where);
    return createTokenizer(withAddedTokens(json, config), config, where.vocabulary);
  }
  throw new ModelError(
    'tokenizer.file-missing',
    `${dir} has no tokenizer: neither tokenizer.json, nor vocab.txt, nor vocab.json with merges.txt`,
  );
}

/** A tokenizer from the object that tokenizer.json would hold, such as `trainWordPiece` gives. */
export function tokenizerFromJson(json: unknown, config: unknown = {}): Tokenizer {
  const options = parseTokenizerConfig(config, 'tokenizer_config.json');
  return createTokenizer(withOptions(parseTokenizerJson(json, 'tokenizer.json'), options), options, 'tokenizer.json');
}

async function readOptions(dir: string): Promise<TokenizerConfig> {
  // special_tokens_map.json is the older place for the names of special tokens.
  const config: Record<string, unknown> = {};
  for (const name of ['special_tokens_map.json', 'tokenizer_config.json']) {
    const path = join(dir, name);
    if (await exists(path))
      Object.assign(config, parseTokenizerConfig(await readJsonFile(path, 'tokenizer.file'), path));
  }
  return config;
}

/** transformers lets tokenizer_config.json overrule tokenizer.json in these options, and so do we. */
function withOptions(json: TokenizerJson, config: TokenizerConfig): TokenizerJson {
  const { normalizer, pre_tokenizer: preTokenizer } = json;
  const overruled = { ...json };
  if (normalizer?.type === 'BertNormalizer') {
    overruled.normalizer = {
      ...normalizer,
      lowercase: config.do_lower_case ?? normalizer['lowercase'],
      strip_accents: config.strip_accents ?? normalizer['strip_accents'],
      handle_chinese_chars: config.tokenize_chinese_chars ?? normalizer['handle_chinese_chars'],
    };
  }
  if (preTokenizer?.type === 'ByteLevel') {
    overruled.pre_tokenizer = {
      ...preTokenizer,
      add_prefix_space: config.add_prefix_space ?? preTokenizer['add_prefix_space'],
    };
  }
  return overruled;
}

/** Tokens that were added after training: vocabulary files do not hold them. */
function withAddedTokens(json: TokenizerJson, config: TokenizerConfig): TokenizerJson {
  const added = Object.entries(config.added_tokens_decoder ?? {}).map(([id, token]) => ({ ...token, id: Number(id) }));
  const known = new Set(added.map(({ content }) => content));
  return { ...json, added_tokens: [...json.added_tokens.filter(({ content }) => !known.has(content)), ...added] };
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
