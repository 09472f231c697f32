import { mkdir, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import type { Tokenizer } from './tokenizer.ts';

/** Writes tokenizer.json and tokenizer_config.json, which `loadTokenizer` and transformers' AutoTokenizer read back to the same ids. */
export async function saveTokenizer(dir: string, tokenizer: Tokenizer): Promise<void> {
  await mkdir(dir, { recursive: true });
  const { tokenizer: json, config } = tokenizer.files;
  await write(join(dir, 'tokenizer.json'), JSON.stringify(json));
  // The generic class takes tokenizer.json as it stands; the names of special tokens come beside it.
  await write(
    join(dir, 'tokenizer_config.json'),
    `${JSON.stringify({ ...config, ...namesOf(tokenizer), tokenizer_class: 'PreTrainedTokenizerFast' }, null, 2)}\n`,
  );
}

function namesOf(tokenizer: Tokenizer): Record<string, string> {
  const { padTokenId, clsTokenId, sepTokenId, maskTokenId, files } = tokenizer;
  const contents = new Map(files.tokenizer.added_tokens.map(({ id, content }) => [id, content]));
  // GPT-2 has one token that begins and ends a text, and calls it by other names than BERT its two.
  const boundaries =
    clsTokenId === sepTokenId
      ? { bos_token: clsTokenId, eos_token: sepTokenId }
      : { cls_token: clsTokenId, sep_token: sepTokenId };
  const roles = { pad_token: padTokenId, ...boundaries, mask_token: maskTokenId };
  const names: Record<string, string> = {};
  for (const [role, id] of Object.entries(roles)) {
    const content = id === undefined ? undefined : contents.get(id);
    if (content !== undefined) names[role] = content;
  }
  const unknown = files.tokenizer.model.unk_token;
  return typeof unknown === 'string' ? { ...names, unk_token: unknown } : names;
}

async function write(path: string, text: string): Promise<void> {
  await writeFile(`${path}.partial`, text);
  await rename(`${path}.partial`, path);
}
