import { z } from 'zod';

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
});

export type ExportDescription = z.infer<typeof exportDescription>;
export const DESCRIPTION_FILE = 'airtune.json';
