import { z } from 'zod';

import { ModelError } from '../model-error.ts';
import type { TokenizerConfig, TokenizerJson } from './tokenizer-json.ts';

/**
 * The tokenizer.json that vocab.json and merges.txt stand for: byte-level BPE as in GPT-2, or as in RoBERTa where the vocabulary holds
 * `<s>` and `</s>`, which then surround every text.
 */
export function bytePairFromFiles(
  vocabularyJson: unknown,
  merges: string,
  config: TokenizerConfig,
  where: { readonly vocabulary: string; readonly merges: string },
): TokenizerJson {
  const parsed = z.record(z.string(), z.int().min(0)).safeParse(vocabularyJson);
  if (!parsed.success)
    throw new ModelError('tokenizer.invalid', `${where.vocabulary}: expected an object of token: id`);
  const vocabulary = parsed.data;
  const begin = config.cls_token ?? config.bos_token ?? '<s>';
  const end = config.sep_token ?? config.eos_token ?? '</s>';
  const beginId = idOf(vocabulary, begin);
  const endId = idOf(vocabulary, end);
  const surrounds = beginId !== undefined && endId !== undefined && begin !== end;
  const addPrefixSpace = config.add_prefix_space ?? false;
  return {
    version: '1.0',
    truncation: null,
    padding: null,
    added_tokens: specialTokens(vocabulary, config),
    normalizer: null,
    pre_tokenizer: { type: 'ByteLevel', add_prefix_space: addPrefixSpace, trim_offsets: true, use_regex: true },
    post_processor: surrounds
      ? {
          type: 'RobertaProcessing',
          sep: [end, endId],
          cls: [begin, beginId],
          trim_offsets: true,
          add_prefix_space: addPrefixSpace,
        }
      : { type: 'ByteLevel', add_prefix_space: true, trim_offsets: false, use_regex: true },
    decoder: { type: 'ByteLevel', add_prefix_space: true, trim_offsets: true, use_regex: true },
    model: {
      type: 'BPE',
      dropout: null,
      unk_token: null,
      continuing_subword_prefix: '',
      end_of_word_suffix: '',
      fuse_unk: false,
      byte_fallback: false,
      vocab: vocabulary,
      merges: parseMerges(merges, vocabulary, where.merges),
    },
  };
}

const USUAL = ['<s>', '<pad>', '</s>', '<unk>', '<mask>', '<|endoftext|>'];

function specialTokens(
  vocabulary: Readonly<Record<string, number>>,
  config: TokenizerConfig,
): TokenizerJson['added_tokens'] {
  const named = [
    config.bos_token,
    config.eos_token,
    config.unk_token,
    config.pad_token,
    config.cls_token,
    config.sep_token,
    config.mask_token,
  ];
  const contents = new Set([...USUAL, ...named.filter((name) => name !== undefined && name !== null)]);
  const mask = config.mask_token ?? '<mask>';
  return [...contents].flatMap((content) => {
    const id = idOf(vocabulary, content);
    // RoBERTa's mask stands for a word with its leading blank, so it takes the blank before it.
    const lstrip = content === mask;
    return id === undefined
      ? []
      : [{ id, content, single_word: false, lstrip, rstrip: false, normalized: false, special: true }];
  });
}

function parseMerges(text: string, vocabulary: Readonly<Record<string, number>>, where: string): [string, string][] {
  const merges: [string, string][] = [];
  text.split('\n').forEach((line, index) => {
    const merge = line.replace(/\r$/, '');
    if (merge === '' || merge.startsWith('#version')) return;
    const [left = '', right = '', ...rest] = merge.split(' ');
    const refuse = (reason: string) => new ModelError('tokenizer.invalid', `${where}:${index + 1}: ${reason}`);
    if (left === '' || right === '' || rest.length > 0) throw refuse('expected two tokens with a blank between them');
    const unknown = [left, right, left + right].find((token) => !Object.hasOwn(vocabulary, token));
    if (unknown !== undefined) throw refuse(`token ${unknown} is not in the vocabulary`);
    merges.push([left, right]);
  });
  return merges;
}

function idOf(vocabulary: Readonly<Record<string, number>>, token: string): number | undefined {
  return Object.hasOwn(vocabulary, token) ? vocabulary[token] : undefined;
}
