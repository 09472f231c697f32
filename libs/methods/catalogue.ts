import type { Method } from './method.ts';
import { MethodError } from './method-error.ts';
import { pfit } from './pfit.ts';
import { pftt } from './pftt.ts';

/** Every method that a spec can name; a new one is a file beside this and a line here. */
export const methods: readonly Method[] = [pftt, pfit];

/** The method of that name; throws `method.unknown`, naming those that exist. */
export function methodNamed(name: string): Method {
  const method = methods.find((candidate) => candidate.name === name);
  if (method === undefined)
    throw new MethodError(
      'method.unknown',
      `There is no method "${name}"; there is ${methods.map((known) => known.name).join(', ')}.`,
    );
  return method;
}
