import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

/** What transformers gives with a tiny checkpoint; see fixtures/README.md. */
export interface DecoderFixture {
  readonly prompts: readonly (readonly number[])[];
  /** One [tokens, vocabulary] a prompt. */
  readonly logits: readonly (readonly (readonly number[])[])[];
  /** 14 new tokens a prompt, end tokens after the end. */
  readonly greedy: readonly (readonly number[])[];
  readonly step: {
    readonly ids: number[][];
    readonly mask: number[][];
    readonly rows: number[];
    readonly targets: number[];
    readonly loss: number;
    readonly gradients: Readonly<Record<string, number[]>>;
    readonly embeddingGradients: Readonly<Record<string, number[]>>;
  };
}

const fixtures = join(import.meta.dirname, '../fixtures/checkpoints');
/** fp32 in one file with the prefix `transformer.`, 3 blocks of 8, vocabulary of 29, end token 0. */
export const TINY = join(fixtures, 'tiny-gpt2');
/** The same shape in bf16, two shards, bare names, lm_head.weight stored. */
export const SHARDED = join(fixtures, 'tiny-gpt2-sharded');

export async function readFixture(dir: string): Promise<DecoderFixture> {
  return JSON.parse(await readFile(join(dir, 'expected.json'), 'utf8')) as DecoderFixture;
}
