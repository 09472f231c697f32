import { MethodError } from './method-error.ts';

/** What can be trained, and how the tensors of each group are named. */
const PREFIXES = {
  /** Bottleneck adapters: `adapter.{block}.down.weight` … */
  adapters: 'adapter.',
  /** Low-rank updates of attention projections: `lora.{block}.{query|value}.{a|b}`. */
  lora: 'lora.',
  /** The classification head: `head.dense.weight` … */
  head: 'head.',
  /** The top blocks of a decoder: `decoder.{block}.attention.qkv.weight` … */
  blocks: 'decoder.',
  /** What a decoder's states are worth: `value.weight`, `value.bias`. */
  valueHead: 'value.',
} as const;

export type ParameterGroup = keyof typeof PREFIXES;

export const parameterGroups = Object.keys(PREFIXES) as readonly ParameterGroup[];

/** The group that a tensor belongs to by its name; throws `method.tensor-ungrouped` when there is none. */
export function groupOf(tensor: string): ParameterGroup {
  const group = parameterGroups.find((candidate) => tensor.startsWith(PREFIXES[candidate]));
  if (group === undefined)
    throw new MethodError(
      'method.tensor-ungrouped',
      `Tensor ${tensor} belongs to no parameter group: names begin with ${Object.values(PREFIXES).join(', ')}.`,
    );
  return group;
}
