import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import type { FrozenArithmetic } from '#autograd';
import { checkTensors, type Digest, type NamedTensors } from '#parameters';

import { tunedManifest } from '../decoder/decoder-tensors.ts';
import type { DecoderWeights } from '../decoder/load-decoder.ts';
import { saveDecoder } from '../decoder/save-decoder.ts';
import { sparseAttention } from '../decoder/sparse-attention.ts';
import { ModelError } from '../model-error.ts';
import { precisionOf } from '../precision/base-precision.ts';
import { checkVocabulary } from '../tokenizers/check-vocabulary.ts';
import { saveTokenizer } from '../tokenizers/save-tokenizer.ts';
import type { Tokenizer } from '../tokenizers/tokenizer.ts';
import { buildDecoderInferenceModel } from './decoder-inference-graph.ts';
import { DESCRIPTION_FILE, type DecoderDescription } from './export-description.ts';
import { writeFolder } from './write-folder.ts';

/** What a client of PFIT ends with: the base that it shares with everyone, and its own top blocks. */
export interface PersonalisedDecoder {
  readonly experiment: string;
  readonly client: string;
  readonly base: DecoderWeights;
  readonly baseDigest: Digest;
  readonly tokenizer: Tokenizer;
  readonly trainableBlocks: number;
  /** The part of the visible keys that queries of the tuned blocks leave out, as they were trained to. */
  readonly attentionSparsity: number;
  /** The tensors of `tunedManifest`; others that the client has, such as a value head, are no part of the decoder. */
  readonly tensors: NamedTensors;
}

/**
 * Writes one client's decoder as a Hugging Face folder that transformers and `airtune generate` load (config.json, model.safetensors in
 * fp32, tokenizer), with model.onnx (ids and mask to logits; frozen products in the base's arithmetic, the tuned blocks in fp32) and
 * airtune.json beside it. Sparse attention is in model.onnx and in what
 * `airtune generate` computes; GPT-2 of transformers knows no such thing and attends to every key. Returns the files' names. An existing folder
 * must be empty, or an earlier export and `overwrite` given. Throws ModelError `export.*`.
 */
export async function exportDecoder(
  dir: string,
  model: PersonalisedDecoder,
  options: { readonly overwrite?: boolean } = {},
): Promise<readonly string[]> {
  const { base, tokenizer } = model;
  checkVocabulary(tokenizer, base.config);
  const tuned = tunedTensors(model);
  const weights: DecoderWeights = { config: base.config, tensors: new Map([...base.tensors, ...tuned]) };
  const isExport = (names: readonly string[]): boolean =>
    options.overwrite === true && names.includes(DESCRIPTION_FILE);
  await writeFolder(dir, isExport, async (temporary) => {
    await saveDecoder(temporary, weights, { precision: 'fp32' });
    await saveTokenizer(temporary, tokenizer);
    const { trainableBlocks, attentionSparsity } = model;
    const sparse = sparseAttention(base.config, trainableBlocks, attentionSparsity);
    const inference = { ...weights, arithmetic: tunedInFp32(model) };
    await writeFile(join(temporary, 'model.onnx'), buildDecoderInferenceModel(inference, sparse).bytes);
    const description: DecoderDescription = {
      format: 'airtune-decoder-1',
      experiment: model.experiment,
      client: model.client,
      baseModel: { type: base.config.modelType, digest: model.baseDigest },
      trainableBlocks,
      attentionSparsity,
      precision: precisionOf(base),
      exceptions: base.arithmetic?.precision === 'int8' ? [...base.arithmetic.exceptions].sort() : [],
    };
    await writeFile(join(temporary, DESCRIPTION_FILE), `${JSON.stringify(description, null, 2)}\n`);
  });
  return (await readdir(dir)).sort();
}

/** As rollouts are computed: what is tuned is in fp32, whatever the base around it is in. */
function tunedInFp32({ base, trainableBlocks }: PersonalisedDecoder): FrozenArithmetic {
  const { arithmetic = { precision: 'fp32' } } = base;
  if (arithmetic.precision === 'fp32') return arithmetic;
  const tuned = tunedManifest(base.config, trainableBlocks).map(({ name }) => name.replace(/\.weight$/, ''));
  return { ...arithmetic, exceptions: new Set([...arithmetic.exceptions, ...tuned]) };
}

function tunedTensors({ base, trainableBlocks, tensors, client }: PersonalisedDecoder): NamedTensors {
  const manifest = tunedManifest(base.config, trainableBlocks);
  const tuned = new Map(
    manifest.flatMap(({ name }) => {
      const tensor = tensors.get(name);
      return tensor === undefined ? [] : [[name, tensor] as const];
    }),
  );
  const problem = checkTensors(tuned, manifest);
  if (problem !== undefined)
    throw new ModelError('export.tensors', `The tensors of ${client} do not fit its model: ${problem}`);
  return tuned;
}
