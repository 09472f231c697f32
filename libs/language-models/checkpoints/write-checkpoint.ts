import { mkdir, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import type { NamedTensors, Tensor } from '#parameters';

import { ModelError } from '../model-error.ts';
import type { TensorPlace } from './tensor-place.ts';
import { transpose } from './transpose.ts';
import { writeSafetensors, type Precision, type TensorToWrite } from './write-safetensors.ts';

/** Writes config.json and model.safetensors as transformers' `save_pretrained` would; each file appears whole or not at all. */
export async function writeCheckpoint(
  dir: string,
  config: Readonly<Record<string, unknown>>,
  tensors: readonly TensorToWrite[],
  precision: Precision,
): Promise<void> {
  const json = { ...config, dtype: precision === 'fp16' ? 'float16' : 'float32' };
  await mkdir(dir, { recursive: true });
  await writeSafetensors(join(dir, 'model.safetensors'), tensors, precision);
  const path = join(dir, 'config.json');
  await writeFile(`${path}.partial`, `${JSON.stringify(json, null, 2)}\n`);
  await rename(`${path}.partial`, path);
}

/** A canonical tensor as its checkpoint stores it. Throws ModelError when it is missing or misshapen. */
export function toWrite(place: TensorPlace, prefix: string, tensors: NamedTensors): TensorToWrite {
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
