import { selectTensors, type NamedTensors } from '#parameters';
import type { Method, Ownership } from './method.ts';
import { groupOf, parameterGroups, type ParameterGroup } from './parameter-groups.ts';

/** Whether the method trains this group; what it does not train stays as the base has it. */
export function trains(method: Method, group: ParameterGroup): boolean {
  return method.parameters[group] !== undefined;
}

/** The groups that are shared, or those that are personal, in their fixed order. */
export function groupsThatAre(method: Method, ownership: Ownership): readonly ParameterGroup[] {
  return parameterGroups.filter((group) => method.parameters[group] === ownership);
}

/** Whether a tensor crosses the air and is aggregated. */
export function isShared(method: Method, tensor: string): boolean {
  return method.parameters[groupOf(tensor)] === 'shared';
}

/** Whether a tensor never leaves its client. */
export function isPersonal(method: Method, tensor: string): boolean {
  return method.parameters[groupOf(tensor)] === 'personal';
}

/** Those of a client's trained tensors that it uploads; the numbers are not copied. */
export function sharedTensors(method: Method, trained: NamedTensors): NamedTensors {
  return selectTensors(trained, (name) => isShared(method, name));
}

/** Those of a client's trained tensors that it keeps to itself; the numbers are not copied. */
export function personalTensors(method: Method, trained: NamedTensors): NamedTensors {
  return selectTensors(trained, (name) => isPersonal(method, name));
}
