import { gemm, reshape, transpose, type GraphBuilder, type Value } from '#autograd';
import type { TensorManifest } from '#parameters';

import type { GraphParameters } from '../graph-parameters.ts';
import { ModelError } from '../model-error.ts';

/**
 * Trained tensors as decoding wants them. A matrix that is fed at each run cannot be packed beforehand, and a product of a few
 * rows with it then takes twice the time; written W·xᵀ it is as fast as with a packed one. So each is transposed once before
 * the first step (made here, outside of the loop), and each product's few rows within it.
 */
export function columnParameters(g: GraphBuilder, trained: GraphParameters, manifest: TensorManifest): GraphParameters {
  const columns = new Map<string, Value>();
  for (const { name, shape } of manifest) {
    const value = trained.tensor(name);
    if (shape.length === 2) columns.set(name, transpose(g, value, [1, 0]));
    else if (manifest.some((weight) => weight.name === name.replace(/bias$/, 'weight') && weight.shape.length === 2))
      columns.set(name, reshape(g, value, [...shape, 1]));
  }
  const column = (name: string): Value => {
    const value = columns.get(name);
    if (value === undefined) throw new ModelError('model.tensor-missing', `No linear layer has the tensor ${name}.`);
    return value;
  };
  return {
    tensor: (name) => trained.tensor(name),
    linear: (x, name) => {
      const y = gemm(g, column(`${name}.weight`), x, column(`${name}.bias`), { transB: true });
      return transpose(g, y, [1, 0]);
    },
    byTable: (x, name) => trained.byTable(x, name),
  };
}
