import { toHuggingFaceConfig } from './encoder-config.ts';
import type { EncoderWeights } from './load-encoder.ts';
import { encoderPlaces, maskedLanguageModelPlaces } from './tensor-names.ts';
import { toWrite, writeCheckpoint } from './write-checkpoint.ts';
import type { Precision, TensorToWrite } from './write-safetensors.ts';

/**
 * Writes config.json and model.safetensors as transformers' `save_pretrained` would: a BertForMaskedLM or RobertaForMaskedLM when `mlm.*`
 * tensors are there, else a bare encoder. Each file appears whole or not at all. Throws ModelError when a tensor is missing or misshapen.
 */
export async function saveEncoder(
  dir: string,
  weights: EncoderWeights,
  options: { readonly precision: Precision },
): Promise<void> {
  const { config, tensors } = weights;
  const hasHead = tensors.has('mlm.bias');
  const bert = config.modelType === 'bert';
  const prefix = hasHead ? `${config.modelType}.` : '';
  const list: TensorToWrite[] = encoderPlaces(config).map((place) => toWrite(place, prefix, tensors));
  if (hasHead) list.push(...maskedLanguageModelPlaces(config).map((place) => toWrite(place, '', tensors)));
  const family = bert ? 'Bert' : 'Roberta';
  const architecture = family + (hasHead ? 'ForMaskedLM' : 'Model');
  await writeCheckpoint(dir, toHuggingFaceConfig(config, architecture), list, options.precision);
}
