import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import type { OnnxModel } from '#autograd';
import { encodeSafetensors, selectTensors } from '#parameters';

import { precisionOf } from '../precision/base-precision.ts';
import { checkVocabulary } from '../tokenizers/check-vocabulary.ts';
import { saveTokenizer } from '../tokenizers/save-tokenizer.ts';
import { DESCRIPTION_FILE, type ExportDescription } from './export-description.ts';
import { buildInferenceModel } from './inference-graph.ts';
import { mergeLora } from './merge-lora.ts';
import { peftConfig, peftTensors } from './peft-lora.ts';
import { personalSizes, type PersonalisedModel, type PersonalSizes } from './personalised-model.ts';
import { writeFolder } from './write-folder.ts';

/**
 * Writes one client's model as a folder that needs nothing else: model.onnx (ids and mask to logits, its products in the base's
 * arithmetic; LoRA merged in fp32, beside an int8 base), its tokenizer, airtune.json; and its parts: the LoRA in PEFT's format (adapter_config.json, adapter_model.safetensors), adapters.safetensors and
 * head.safetensors. Returns the files' names. An existing folder must be empty, or an earlier export and `overwrite` given.
 */
export async function exportClient(
  dir: string,
  model: PersonalisedModel,
  options: { readonly overwrite?: boolean } = {},
): Promise<readonly string[]> {
  const sizes = personalSizes(model);
  checkVocabulary(model.tokenizer, model.base.config);
  const isExport = (names: readonly string[]): boolean =>
    options.overwrite === true && names.includes(DESCRIPTION_FILE);
  await writeFolder(dir, isExport, async (temporary) => {
    await writeParts(temporary, model, sizes);
    await writeFile(join(temporary, 'model.onnx'), inferenceModel(model, sizes).bytes);
    await saveTokenizer(temporary, model.tokenizer);
    await writeJson(join(temporary, DESCRIPTION_FILE), describe(model, sizes));
  });
  return (await readdir(dir)).sort();
}

/** A base in int8 was evaluated with LoRA beside it: merged, it would be quantised with the weights. */
function inferenceModel({ base, tensors }: PersonalisedModel, { lora }: PersonalSizes): OnnxModel {
  return precisionOf(base) === 'fp32'
    ? buildInferenceModel(mergeLora(base, tensors, lora), tensors)
    : buildInferenceModel(base, tensors, lora);
}

async function writeParts(
  dir: string,
  { tensors, base }: PersonalisedModel,
  { width, lora }: PersonalSizes,
): Promise<void> {
  const part = (prefix: string) => encodeSafetensors(selectTensors(tensors, (name) => name.startsWith(prefix)));
  await writeFile(join(dir, 'head.safetensors'), part('head.'));
  if (width !== undefined) await writeFile(join(dir, 'adapters.safetensors'), part('adapter.'));
  if (lora === undefined) return;
  const renamed = peftTensors(base.config, tensors, lora);
  await writeFile(join(dir, 'adapter_model.safetensors'), encodeSafetensors(renamed, { format: 'pt' }));
  await writeJson(join(dir, 'adapter_config.json'), peftConfig(lora));
}

function describe(model: PersonalisedModel, { width, lora }: PersonalSizes): ExportDescription {
  return {
    format: 'airtune-classifier-1',
    experiment: model.experiment,
    client: model.client,
    labels: [...model.labels],
    maxTokens: model.maxTokens,
    padTokenId: model.base.config.padTokenId,
    baseModel: { type: model.base.config.modelType, digest: model.baseDigest },
    adapters: width === undefined ? null : { width },
    lora: lora === undefined ? null : { ...lora, blocks: [...lora.blocks] },
    precision: precisionOf(model.base),
  };
}

async function writeJson(path: string, value: unknown): Promise<void> {
  await writeFile(path, `${JSON.stringify(value, null, 2)}\n`);
}
