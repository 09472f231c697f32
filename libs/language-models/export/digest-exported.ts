import { digestOf, encodeSafetensors, type Digest } from '#parameters';
import { tunedTensors, withDecoder } from '../decoder/load-decoder.ts';
import { ModelError } from '../model-error.ts';
import { readDecoderDescription } from './export-description.ts';

/** Whose decoder a folder says that it holds, and which blocks are in it. */
export interface ExportedDecoder {
  readonly experiment: string;
  readonly client: string;
  /** Of the tuned blocks as canonical safetensors, as evaluations name them. */
  readonly digest: Digest;
}

/** Reads the tuned blocks of an exported decoder back from its weights. Throws ModelError `export.description` of any other folder. */
export async function digestExportedDecoder(folder: string): Promise<ExportedDecoder> {
  const description = await readDecoderDescription(folder);
  if (description === undefined)
    throw new ModelError('export.description', `${folder} is no decoder that \`airtune export\` wrote.`);
  const { experiment, client, trainableBlocks } = description;
  const tuned = await withDecoder(folder, async (decoder) => Promise.resolve(tunedTensors(decoder, trainableBlocks)));
  return { experiment, client, digest: digestOf(encodeSafetensors(tuned)) };
}
