import { mkdir, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import type { NamedTensors, Tensor } from '#parameters';

import { ModelError } from '../model-error.ts';
import { toHuggingFaceConfig } from './encoder-config.ts';
import type { EncoderWeights } from './load-encoder.ts';
import { encoderPlaces, maskedLanguageModelPlaces, type TensorPlace } from './tensor-names.ts';
import { transpose } from './transpose.ts';
import { writeSafetensors, type Precision, type TensorToWrite } from './write-safetensors.ts';

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
  const json = {
    ...toHuggingFaceConfig(config, family + (hasHead ? 'ForMaskedLM' : 'Model')),
    dtype: options.precision === 'fp16' ? 'float16' : 'float32',
  };
  await mkdir(dir, { recursive: true });
  await writeSafetensors(join(dir, 'model.safetensors'), list, options.precision);
  const path = join(dir, 'config.json');
  await writeFile(`${path}.partial`, `${JSON.stringify(json, null, 2)}\n`);
  await rename(`${path}.partial`, path);
}

function toWrite(place: TensorPlace, prefix: string, tensors: NamedTensors): TensorToWrite {
  const tensor = tensors.get(place.name);
  if (tensor === undefined) throw new ModelError('model.tensor-missing', `There is no tensor ${place.name} to save`);
  if (tensor.shape.join() !== place.shape.join()) {
    throw new ModelError(
      'model.tensor-shape',
      `Tensor ${place.name} has shape [${tensor.shape.join(', ')}], the config expects [${place.shape.join(', ')}]`,
    );
  }
  const values = (): Tensor => (place.transposed ? transpose(tensor) : tensor);
  return { name: prefix + place.stored, shape: place.transposed ? place.shape.toReversed() : place.shape, values };
}
