import { elementCount, type NamedTensors, type TensorManifest } from './tensor.ts';

export type TensorProblemKind = 'foreign' | 'missing' | 'misshapen' | 'non-finite';

/** What is wrong with one tensor: its kind for machines, its message for people. */
export interface TensorProblem {
  readonly kind: TensorProblemKind;
  readonly tensor: string;
  readonly message: string;
}

/** The first difference from the expected names and shapes, or the first number that is not finite; undefined if none. */
export function findTensorProblem(tensors: NamedTensors, expected: TensorManifest): TensorProblem | undefined {
  return findStructureProblem(tensors, expected) ?? findNonFinite(tensors);
}

/** The first difference from the expected names and shapes; undefined if there is none. */
export function findStructureProblem(tensors: NamedTensors, expected: TensorManifest): TensorProblem | undefined {
  const shapes = new Map(expected.map(({ name, shape }) => [name, shape]));
  for (const name of tensors.keys())
    if (!shapes.has(name)) return problem('foreign', name, `tensor ${name} is not one of those expected`);
  for (const [name, shape] of shapes) {
    const tensor = tensors.get(name);
    if (tensor === undefined) return problem('missing', name, `tensor ${name} is missing`);
    if (!sameShape(tensor.shape, shape) || tensor.data.length !== elementCount(shape))
      return problem(
        'misshapen',
        name,
        `tensor ${name} has shape [${tensor.shape.join(', ')}], expected [${shape.join(', ')}]`,
      );
  }
  return undefined;
}

function findNonFinite(tensors: NamedTensors): TensorProblem | undefined {
  for (const [name, { data }] of tensors) {
    const at = firstNonFinite(data);
    if (at >= 0) return problem('non-finite', name, `tensor ${name} holds ${String(data[at])} at element ${at}`);
  }
  return undefined;
}

/** The first problem in words, or undefined: foreign, missing and misshapen tensors, then numbers that are not finite. */
export function checkTensors(tensors: NamedTensors, expected: TensorManifest): string | undefined {
  return findTensorProblem(tensors, expected)?.message;
}

function firstNonFinite(data: Float32Array): number {
  // x - x is 0 for every finite x and NaN for the others: one subtraction an element, no call.
  for (let index = 0; index < data.length; index++) {
    const value = data[index] ?? 0;
    if (value - value !== 0) return index;
  }
  return -1;
}

function sameShape(left: readonly number[], right: readonly number[]): boolean {
  return left.length === right.length && left.every((size, axis) => size === right[axis]);
}

function problem(kind: TensorProblemKind, tensor: string, message: string): TensorProblem {
  return { kind, tensor, message };
}
