import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import {
  encoderManifest,
  exportClient,
  exportDecoder,
  inPrecision,
  loadDecoder,
  loadEncoder,
  loadTokenizer,
  type BasePrecision,
} from '#language-models';
import { methodNamed } from '#methods';
import { parameterCount, selectTensors } from '#parameters';
import { clientProfile } from '#tuning';
import type { ClientModel } from '../../trainer/open-client-model.ts';

interface WriteOptions {
  readonly overwrite: boolean;
  /** What model.onnx computes the base in. */
  readonly precision: BasePrecision;
}

export interface Written {
  readonly files: readonly string[];
  /** How large model.onnx is; where it is not in fp32, beside how large it would be: the numbers in it, 4 bytes each. */
  readonly modelBytes: { readonly written: number; readonly inFp32?: number };
  /** The command that uses what is in the folder. */
  readonly hint: (folder: string) => string;
}

/** Writes a client's model as its kind asks for: a classifier with its parts, or a decoder. */
export async function writeClientModel(out: string, model: ClientModel, options: WriteOptions): Promise<Written> {
  const isDecoder = [...model.shared.keys()].some((name) => name.startsWith('decoder.'));
  const { files, parameters } = await (isDecoder ? writeDecoder : writeClassifier)(out, model, options);
  const { size: written } = await stat(join(out, 'model.onnx'));
  return {
    files,
    modelBytes: options.precision === 'fp32' ? { written } : { written, inFp32: 4 * parameters },
    hint: (folder) => (isDecoder ? `generate ${folder} "an instruction"` : `predict ${folder} "some text"`),
  };
}

/** The files of a folder, and how many numbers its model has. */
interface WrittenModel {
  readonly files: readonly string[];
  readonly parameters: number;
}

async function writeClassifier(out: string, model: ClientModel, options: WriteOptions): Promise<WrittenModel> {
  const { experiment, client, spec, modelFolder, baseDigest, labels } = model;
  const base = await inPrecision(await loadEncoder(modelFolder), { ...options, modelFolder });
  const tokenizer = await loadTokenizer(modelFolder);
  const tensors = new Map([...model.shared, ...model.personal]);
  const { maxTokens } = spec.training;
  const loraAlpha = clientProfile(spec, client, base.config).lora.alpha;
  const classifier = { experiment, client, base, baseDigest, tokenizer, labels, maxTokens, tensors, loraAlpha };
  // LoRA is merged in fp32.
  const own = selectTensors(tensors, (name) => !name.startsWith('lora.'));
  const parameters = parameterCount(encoderManifest(base.config)) + parameterCount(own);
  return { files: await exportClient(out, classifier, options), parameters };
}

/** The decoder alone: a value head is of use in training only. */
async function writeDecoder(out: string, model: ClientModel, options: WriteOptions): Promise<WrittenModel> {
  const { experiment, client, spec, modelFolder, baseDigest, shared } = model;
  const base = await inPrecision(await loadDecoder(modelFolder), { ...options, modelFolder });
  const tokenizer = await loadTokenizer(modelFolder);
  const { trainableBlocks, sparsity } = spec;
  const attentionSparsity = methodNamed(spec.method).sparse === true ? sparsity.attention : 0;
  const sparse = { trainableBlocks, attentionSparsity };
  const decoder = { experiment, client, base, baseDigest, tokenizer, ...sparse, tensors: shared };
  return { files: await exportDecoder(out, decoder, options), parameters: parameterCount(base.tensors) };
}
