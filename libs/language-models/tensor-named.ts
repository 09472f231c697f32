import { ModelError } from './model-error.ts';

/** One of a model's tensors, by its canonical name. Throws ModelError `model.tensor-missing`. */
export function tensorNamed<Tensor>(tensors: ReadonlyMap<string, Tensor>, name: string): Tensor {
  const tensor = tensors.get(name);
  if (tensor === undefined)
    throw new ModelError('model.tensor-missing', `The model's weights lack the tensor ${name}.`);
  return tensor;
}
