import type { Method } from './method.ts';
import { trains } from './ownership.ts';

/** A field of a spec that the method does not look at, and why. */
export interface UnusedField {
  readonly path: readonly string[];
  readonly message: string;
}

/** Fields that only some methods use: the path, who uses it, and what these have in common. */
const PARTICULAR: readonly {
  readonly path: readonly string[];
  readonly usedBy: (method: Method) => boolean;
  readonly because: string;
}[] = [
  { path: ['adapters'], usedBy: (method) => trains(method, 'adapters'), because: 'trains no adapters' },
  { path: ['lora'], usedBy: (method) => trains(method, 'lora'), because: 'trains no LoRA' },
  { path: ['trainableBlocks'], usedBy: (method) => trains(method, 'blocks'), because: 'trains no blocks' },
  { path: ['rewards'], usedBy: learnsFromRewards, because: 'learns from labels, not from rewards' },
  { path: ['ppo'], usedBy: learnsFromRewards, because: 'learns from labels, not from rewards' },
  { path: ['distance'], usedBy: learnsFromRewards, because: 'learns from labels, not from rewards' },
  { path: ['sparsity'], usedBy: (method) => method.sparse === true, because: 'is dense' },
  {
    path: ['base', 'memoryBudgetMegabytes'],
    usedBy: learnsFromLabels,
    because: 'lets no gradient flow through its frozen blocks, of which one copy is all there is',
  },
  // One policy worker draws for all clients of a site.
  {
    path: ['profiles.base'],
    usedBy: learnsFromLabels,
    because: 'has one base for all clients, in the precision of base',
  },
  { path: ['training', 'steps'], usedBy: learnsFromLabels, because: 'takes its steps from ppo' },
  { path: ['training', 'keepMoments'], usedBy: learnsFromLabels, because: 'begins each round with new moments' },
];

/** Those of one client's profile. */
const IN_PROFILES = new Map([
  ['base', 'profiles.base'],
  ['lora', 'lora'],
  ['rewards', 'rewards'],
  ['shareCompletions', 'rewards'],
]);

function learnsFromRewards({ learner }: Method): boolean {
  return learner === 'ppo';
}

function learnsFromLabels({ learner }: Method): boolean {
  return learner === 'supervised';
}

/** The fields that a document writes though its method has no use for them; `written` is the document before defaults. */
export function unusedFields(method: Method, written: unknown): UnusedField[] {
  const idle = PARTICULAR.filter(({ usedBy }) => !usedBy(method));
  const message = (because: string) => `${method.name} ${because}: remove it`;
  const found = idle
    .filter(({ path }) => at(written, path) !== undefined)
    .map(({ path, because }) => ({ path, message: message(because) }));
  const profiles = Object.entries((at(written, ['profiles']) ?? {}) as Record<string, unknown>).flatMap(
    ([client, profile]) =>
      [...IN_PROFILES].flatMap(([field, like]) => {
        const reason = idle.find(({ path }) => path.length === 1 && path[0] === like);
        if (reason === undefined || at(profile, [field]) === undefined) return [];
        return [{ path: ['profiles', client, field], message: message(reason.because) }];
      }),
  );
  return [...found, ...profiles];
}

function at(value: unknown, path: readonly string[]): unknown {
  return path.reduce<unknown>(
    (within, field) =>
      typeof within === 'object' && within !== null ? (within as Record<string, unknown>)[field] : undefined,
    value,
  );
}
