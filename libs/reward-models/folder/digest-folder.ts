import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Digest } from '#parameters';
import { MODEL_FILE, type RewardDescription } from './reward-description.ts';

const TOKENIZER_FILES = [
  'tokenizer.json',
  'tokenizer_config.json',
  'special_tokens_map.json',
  'vocab.txt',
  'vocab.json',
  'merges.txt',
];

/** SHA-256 over model.onnx, the tokenizer's files and what reward.json says about how to score: the same digest, the same scores. */
export async function digestFolder(
  dir: string,
  { input, onnx, standardisation, range }: RewardDescription,
): Promise<Digest> {
  const hash = createHash('sha256');
  const present = new Set(await readdir(dir));
  for (const name of [MODEL_FILE, ...TOKENIZER_FILES].filter((file) => present.has(file))) {
    hash.update(`${name} ${await digestFile(join(dir, name))}\n`);
  }
  hash.update(
    JSON.stringify([
      input.maxTokens,
      input.padTokenId ?? null,
      input.template ?? null,
      onnx.ids,
      onnx.mask,
      onnx.tokenTypes ?? null,
      onnx.score,
      standardisation.mean,
      standardisation.deviation,
      range.lowest,
      range.highest,
    ]),
  );
  return `sha256:${hash.digest('hex')}`;
}

async function digestFile(path: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const piece of createReadStream(path)) hash.update(piece as Buffer);
  return hash.digest('hex');
}
