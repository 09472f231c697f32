import type { Tensor } from '#parameters';

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

/** Reads one located tensor in canonical orientation. */
export async function readCanonical(stored: StoredTensors, located: Located): Promise<Tensor> {
  const tensor = await stored.read(located.stored);
  return located.place.transposed ? transpose(tensor) : tensor;
}
