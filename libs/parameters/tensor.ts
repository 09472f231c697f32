/** A dense float32 array in row-major order; `data` holds as many numbers as the product of `shape`. */
export interface Tensor {
  readonly shape: readonly number[];
  readonly data: Float32Array;
}

export type NamedTensors = ReadonlyMap<string, Tensor>;

/** The names and shapes of a set of tensors, without their numbers. */
export type TensorManifest = readonly { readonly name: string; readonly shape: readonly number[] }[];

/** The number of elements of a shape; 1 for a scalar. */
export function elementCount(shape: readonly number[]): number {
  return shape.reduce((product, dimension) => product * dimension, 1);
}

/** Orders names by UTF-16 code unit, whatever the locale: the order of canonical files and of manifests. */
export function byCodeUnit(left: string, right: string): number {
  return left < right ? -1 : left > right ? 1 : 0;
}

/** Names and shapes, names ascending by code unit. */
export function manifestOf(tensors: NamedTensors): TensorManifest {
  return [...tensors]
    .map(([name, tensor]) => ({ name, shape: [...tensor.shape] }))
    .sort((left, right) => byCodeUnit(left.name, right.name));
}

/** The number of scalars in a set of tensors. */
export function parameterCount(source: TensorManifest | NamedTensors): number {
  let total = 0;
  for (const { shape } of 'size' in source ? source.values() : source) total += elementCount(shape);
  return total;
}

/** The tensors whose names satisfy the predicate, in their present order; the numbers are not copied. */
export function selectTensors(tensors: NamedTensors, keep: (name: string) => boolean): NamedTensors {
  return new Map([...tensors].filter(([name]) => keep(name)));
}

/** The bytes of the tensors as float32, without any header. */
export function manifestBytes(manifest: TensorManifest): number {
  return parameterCount(manifest) * 4;
}
