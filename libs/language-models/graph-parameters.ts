import {
  frozenLinear,
  gemm,
  matMul,
  type FrozenArithmetic,
  type FrozenTensor,
  type GraphBuilder,
  type LinearScales,
  type ProductOptions,
  type Value,
} from '#autograd';
import type { TensorManifest } from '#parameters';

import { ModelError } from './model-error.ts';
import { tensorNamed } from './tensor-named.ts';

/** Where a model's graph takes its tensors from. */
export interface GraphParameters {
  /** A table, or the weight or bias of a norm. */
  tensor(name: string): Value;
  /** x [rows, in] through the linear layer `name`, whose weight is [in, out]; scaled at no cost. */
  linear(x: Value, name: string, scales?: LinearScales): Value;
  /** x [rows, width] by each row of a table [count, width]: [rows, count]. */
  byTable(x: Value, name: string): Value;
}

/** A base as graphs are built from it. */
export interface FrozenWeights {
  readonly tensors: ReadonlyMap<string, FrozenTensor>;
  /** How products with its matrices are computed; fp32 unless said. */
  readonly arithmetic?: FrozenArithmetic;
}

/** Tensors that never change: part of the model. */
export function frozenParameters(g: GraphBuilder, { tensors, arithmetic }: FrozenWeights): GraphParameters {
  const known = new Map<string, Value>();
  const find = (name: string): FrozenTensor => tensorNamed(tensors, name);
  return {
    tensor: (name) => remember(known, name, () => g.frozen(name, find(name))),
    linear: (x, name, scales) =>
      frozenLinear(g, x, { name, weight: find(`${name}.weight`), bias: find(`${name}.bias`) }, scales, arithmetic),
    byTable: (x, name) => frozenLinear(g, x, { name, weight: find(name), transposed: true }, {}, arithmetic),
  };
}

/** Tensors that are all trained: inputs of every run. Products are computed as `products` says. */
export function trainableParameters(
  g: GraphBuilder,
  manifest: TensorManifest,
  products: Pick<ProductOptions, 'fewRows'> = {},
): GraphParameters {
  const shapes = new Map(manifest.map(({ name, shape }) => [name, shape]));
  const known = new Map<string, Value>();
  const tensor = (name: string): Value => {
    const shape = shapes.get(name);
    if (shape === undefined)
      throw new ModelError('model.tensor-missing', `The model's manifest lacks the tensor ${name}.`);
    return remember(known, name, () => g.trainable(name, shape));
  };
  return {
    tensor,
    linear: (x, name, scales) =>
      gemm(g, x, tensor(`${name}.weight`), tensor(`${name}.bias`), { ...scales, ...products }),
    byTable: (x, name) => matMul(g, x, tensor(name), { transB: true }),
  };
}

/** Those of `first` for the tensors that it has, by their names, those of `second` for the others. */
export function chosenParameters(
  isFirst: (name: string) => boolean,
  first: GraphParameters,
  second: GraphParameters,
): GraphParameters {
  return {
    tensor: (name) => (isFirst(name) ? first : second).tensor(name),
    linear: (x, name, scales) => (isFirst(`${name}.weight`) ? first : second).linear(x, name, scales),
    byTable: (x, name) => (isFirst(name) ? first : second).byTable(x, name),
  };
}

function remember(known: Map<string, Value>, name: string, create: () => Value): Value {
  const value = known.get(name) ?? create();
  known.set(name, value);
  return value;
}
