import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { isMissingFile, ModelError, wordsOf } from '../model-error.ts';
import { BASE_PRECISIONS } from '../precision/base-precision.ts';

/** What the base is computed in: in model.onnx, and by `airtune generate`. Folders from before there was a choice do not say it. */
const precision = z.enum(BASE_PRECISIONS).default('fp32');

/** airtune.json: what `openExported` needs beside model.onnx and the tokenizer, and where the folder came from. */
export const exportDescription = z.object({
  format: z.literal('airtune-classifier-1'),
  experiment: z.string(),
  client: z.string(),
  /** In the order of the logits. */
  labels: z.array(z.string()).min(1),
  maxTokens: z.int().min(1),
  padTokenId: z.int().min(0),
  baseModel: z.object({ type: z.enum(['bert', 'roberta']), digest: z.string() }),
  adapters: z.object({ width: z.int() }).nullable(),
  lora: z.object({ rank: z.int(), alpha: z.number(), blocks: z.array(z.int()) }).nullable(),
  precision,
});

/** The same of a decoder: how its tuned blocks attend. */
const decoderDescription = z.object({
  format: z.literal('airtune-decoder-1'),
  experiment: z.string(),
  client: z.string(),
  baseModel: z.object({ type: z.string(), digest: z.string() }),
  trainableBlocks: z.int().min(1),
  attentionSparsity: z.number().min(0).lt(1).default(0),
  precision,
  /** Frozen layers that stay in fp32 where the others are int8. */
  exceptions: z.array(z.string()).default([]),
});
export type DecoderDescription = z.infer<typeof decoderDescription>;

/** Whether that is what a decoder's folder says of itself. */
export function isDecoderDescription(written: unknown): boolean {
  return decoderDescription.pick({ format: true }).safeParse(written).success;
}

/** What an exported decoder's folder says of itself; undefined of a folder that Airtune did not export. */
export async function readDecoderDescription(folder: string): Promise<DecoderDescription | undefined> {
  const path = join(folder, DESCRIPTION_FILE);
  const refuse = (problem: string, cause: unknown): ModelError =>
    new ModelError('export.description', `${path} ${problem}: export the client again.`, { cause });
  const text = await readFile(path, 'utf8').catch((cause: unknown) => {
    if (isMissingFile(cause)) return undefined;
    throw refuse(`cannot be read (${wordsOf(cause)})`, cause);
  });
  if (text === undefined) return undefined;
  let written: unknown;
  try {
    written = JSON.parse(text);
  } catch (cause) {
    throw refuse('is not valid JSON', cause);
  }
  const parsed = decoderDescription.safeParse(written);
  if (parsed.success) return parsed.data;
  throw refuse(`does not describe a decoder (${problemsOf(parsed.error)})`, parsed.error);
}

export type ExportDescription = z.infer<typeof exportDescription>;
export const DESCRIPTION_FILE = 'airtune.json';

/** What is wrong with a description, field by field. */
export function problemsOf({ issues }: z.ZodError): string {
  return issues.map(({ path, message }) => `${path.map(String).join('.')}: ${message}`).join('; ');
}
