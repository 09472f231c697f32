import { z } from 'zod';

import { ModelError } from '../model-error.ts';

const addedToken = z.looseObject({
  id: z.int().min(0),
  content: z.string().min(1),
  special: z.boolean().default(false),
  single_word: z.boolean().default(false),
  lstrip: z.boolean().default(false),
  rstrip: z.boolean().default(false),
  normalized: z.boolean().default(false),
});

const component = z.looseObject({ type: z.string() }).nullable().default(null);

const tokenizerJson = z.looseObject({
  added_tokens: z.array(addedToken).default([]),
  normalizer: component,
  pre_tokenizer: component,
  post_processor: component,
  decoder: component,
  model: z.looseObject({
    type: z.string().optional(),
    vocab: z.union([z.record(z.string(), z.int().min(0)), z.array(z.tuple([z.string(), z.number()]))]),
    unk_token: z.string().nullish(),
  }),
});

const tokenName = z
  .union([z.string(), z.looseObject({ content: z.string() }).transform(({ content }) => content)])
  .nullish();

const tokenizerConfig = z.looseObject({
  /** Tokens by id, in folders that slow tokenizers were saved to; tokenizer.json has them itself. */
  added_tokens_decoder: z.record(z.string().regex(/^\d+$/), addedToken.omit({ id: true })).nullish(),
  tokenizer_class: z.string().nullish(),
  do_lower_case: z.boolean().nullish(),
  strip_accents: z.boolean().nullish(),
  tokenize_chinese_chars: z.boolean().nullish(),
  add_prefix_space: z.boolean().nullish(),
  clean_up_tokenization_spaces: z.boolean().nullish(),
  pad_token: tokenName,
  cls_token: tokenName,
  sep_token: tokenName,
  mask_token: tokenName,
  unk_token: tokenName,
  bos_token: tokenName,
  eos_token: tokenName,
});

/** The parts of Hugging Face's tokenizer.json that are checked; the rest is kept as it came. */
export type TokenizerJson = z.infer<typeof tokenizerJson>;
/** The fields of tokenizer_config.json that change what a text becomes. */
export type TokenizerConfig = z.infer<typeof tokenizerConfig>;

export function parseTokenizerJson(json: unknown, where: string): TokenizerJson {
  return check(tokenizerJson, json, where);
}

export function parseTokenizerConfig(json: unknown, where: string): TokenizerConfig {
  return check(tokenizerConfig, json, where);
}

function check<T>(schema: z.ZodType<T>, json: unknown, where: string): T {
  const parsed = schema.safeParse(json);
  if (parsed.success) return parsed.data;
  // A vocabulary can hold thousands of bad entries: the first few say what is wrong.
  const problems = parsed.error.issues
    .slice(0, 3)
    .map(({ path, message }) => `${path.map(String).join('.') || 'file'}: ${message}`);
  throw new ModelError('tokenizer.invalid', `${where}: ${problems.join('; ')}`);
}
