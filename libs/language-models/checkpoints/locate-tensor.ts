import { setImmediate } from 'node:timers/promises';

import { floatsOf, release, type FrozenTensor, type UnreadTensor } from '#autograd';
import type { NamedTensors, Tensor } from '#parameters';

import { ModelError } from '../model-error.ts';
import { refuseQuantised } from './refuse-quantised.ts';
import type { StoredTensors } from './stored-tensors.ts';
import type { TensorPlace } from './tensor-place.ts';
import { transpose } from './transpose.ts';

/** A canonical tensor, found in a checkpoint. */
export interface Located {
  readonly place: TensorPlace;
  /** The name in the file. */
  readonly stored: string;
}

/**
 * Finds a tensor under the first of `names` that the checkpoint has, and checks its shape without reading it. Throws ModelError
 * `model.already-quantised` where it is stored in whole numbers or 8 bits, `model.tensor-missing` with the first name, or
 * `model.tensor-shape` with the shape found and the one that the config asks for.
 */
export function locateTensor(place: TensorPlace, names: readonly string[], stored: StoredTensors): Located {
  refuseQuantised(names, stored);
  const name = names.find((candidate) => stored.has(candidate));
  if (name === undefined)
    throw new ModelError('model.tensor-missing', `${stored.dir} has no tensor ${names[0] ?? place.stored}`);
  const expected = place.transposed ? place.shape.toReversed() : place.shape;
  const found = stored.shapeOf(name);
  if (found.length !== expected.length || found.some((size, axis) => size !== expected[axis])) {
    throw new ModelError(
      'model.tensor-shape',
      `${stored.pathOf(name)}: tensor ${name} has shape [${found.join(', ')}], config.json expects [${expected.join(', ')}]`,
    );
  }
  return { place, stored: name };
}

/** The located tensors by their canonical names, each read in canonical orientation whenever it is asked for. */
export function unreadTensors(stored: StoredTensors, located: readonly Located[]): ReadonlyMap<string, UnreadTensor> {
  const read = ({ place, stored: name }: Located): Float32Array => {
    const tensor = stored.read(name);
    if (!place.transposed) return tensor.data;
    const turned = transpose(tensor);
    release(tensor.data);
    return turned.data;
  };
  return new Map(located.map((one) => [one.place.name, { shape: one.place.shape, read: () => read(one) }] as const));
}

/** All of them in memory; whatever else the thread has to do is done in between. */
export async function readTensors(unread: ReadonlyMap<string, FrozenTensor>): Promise<NamedTensors> {
  const tensors = new Map<string, Tensor>();
  for (const [name, tensor] of unread) {
    tensors.set(name, { shape: tensor.shape, data: floatsOf(tensor) });
    await setImmediate();
  }
  return tensors;
}
