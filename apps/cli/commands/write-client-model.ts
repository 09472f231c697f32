import { exportClient, exportDecoder, loadDecoder, loadEncoder, loadTokenizer } from '#language-models';
import { methodNamed } from '#methods';
import { clientProfile } from '#tuning';
import type { ClientModel } from '../../trainer/open-client-model.ts';

interface WriteOptions {
  readonly overwrite: boolean;
}

interface Written {
  readonly files: readonly string[];
  /** The command that uses what is in the folder. */
  readonly hint: (folder: string) => string;
}

/** Writes a client's model as its kind asks for: a classifier with its parts, or a decoder. */
export async function writeClientModel(out: string, model: ClientModel, options: WriteOptions): Promise<Written> {
  const isDecoder = [...model.shared.keys()].some((name) => name.startsWith('decoder.'));
  return isDecoder
    ? { files: await writeDecoder(out, model, options), hint: (folder) => `generate ${folder} "an instruction"` }
    : { files: await writeClassifier(out, model, options), hint: (folder) => `predict ${folder} "some text"` };
}

async function writeClassifier(out: string, model: ClientModel, options: WriteOptions): Promise<readonly string[]> {
  const { experiment, client, spec, modelFolder, baseDigest, labels } = model;
  const base = await loadEncoder(modelFolder);
  const tokenizer = await loadTokenizer(modelFolder);
  const tensors = new Map([...model.shared, ...model.personal]);
  const { maxTokens } = spec.training;
  const loraAlpha = clientProfile(spec, client, base.config).lora.alpha;
  const classifier = { experiment, client, base, baseDigest, tokenizer, labels, maxTokens, tensors, loraAlpha };
  return exportClient(out, classifier, options);
}

/** The decoder alone: a value head is of use in training only. */
async function writeDecoder(out: string, model: ClientModel, options: WriteOptions): Promise<readonly string[]> {
  const { experiment, client, spec, modelFolder, baseDigest, shared } = model;
  const [base, tokenizer] = [await loadDecoder(modelFolder), await loadTokenizer(modelFolder)];
  const { trainableBlocks, sparsity } = spec;
  const attentionSparsity = methodNamed(spec.method).sparse === true ? sparsity.attention : 0;
  const sparse = { trainableBlocks, attentionSparsity };
  const decoder = { experiment, client, base, baseDigest, tokenizer, ...sparse, tensors: shared };
  return exportDecoder(out, decoder, options);
}
