import { ModelError } from '../model-error.ts';
import type { TokenizerConfig, TokenizerJson } from './tokenizer-json.ts';

const SPECIAL = { pad: '[PAD]', unk: '[UNK]', cls: '[CLS]', sep: '[SEP]', mask: '[MASK]' };

/** The tokenizer.json that BERT's vocab.txt stands for: one token a line, its line number (from 0) is its id. */
export function wordPieceFromVocabulary(text: string, config: TokenizerConfig, where: string): TokenizerJson {
  const vocabulary = new Map<string, number>();
  const lines = text.split('\n');
  lines.forEach((line, id) => {
    const token = line.trimEnd();
    if (token !== '') vocabulary.set(token, id);
  });
  const names = {
    pad: config.pad_token ?? SPECIAL.pad,
    unk: config.unk_token ?? SPECIAL.unk,
    cls: config.cls_token ?? SPECIAL.cls,
    sep: config.sep_token ?? SPECIAL.sep,
    mask: config.mask_token ?? SPECIAL.mask,
  };
  const idOf = (token: string): number => {
    const id = vocabulary.get(token);
    if (id === undefined) throw new ModelError('tokenizer.token-missing', `${where} lacks the special token ${token}`);
    return id;
  };
  const required = [names.pad, names.unk, names.cls, names.sep];
  const present = vocabulary.has(names.mask) ? [...required, names.mask] : required;
  return {
    version: '1.0',
    truncation: null,
    padding: null,
    added_tokens: present.map((content) => ({
      id: idOf(content),
      content,
      single_word: false,
      lstrip: false,
      rstrip: false,
      normalized: false,
      special: true,
    })),
    normalizer: {
      type: 'BertNormalizer',
      clean_text: true,
      handle_chinese_chars: config.tokenize_chinese_chars ?? true,
      strip_accents: config.strip_accents ?? null,
      lowercase: config.do_lower_case ?? true,
    },
    pre_tokenizer: { type: 'BertPreTokenizer' },
    post_processor: { type: 'BertProcessing', sep: [names.sep, idOf(names.sep)], cls: [names.cls, idOf(names.cls)] },
    decoder: { type: 'WordPiece', prefix: '##', cleanup: true },
    model: {
      type: 'WordPiece',
      unk_token: names.unk,
      continuing_subword_prefix: '##',
      max_input_chars_per_word: 100,
      vocab: Object.fromEntries(vocabulary),
    },
  };
}
