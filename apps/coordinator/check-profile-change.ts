import { rewardModels, type ExperimentSpec, type ProfileChange } from '#contracts';
import { groupsThatAre, methodNamed, unusedFields } from '#methods';
import { CoordinatorError } from './coordinator-error.ts';

/** What of a base model limits a LoRA: its blocks, and how wide they are. */
interface ModelLimits {
  readonly layers?: unknown;
  readonly hidden?: unknown;
}

/**
 * Whether an experiment's method and model can do what a change asks for.
 * @throws CoordinatorError `profile.invalid`, naming the field.
 */
export function checkProfileChange(
  spec: ExperimentSpec,
  client: string,
  change: ProfileChange,
  { layers, hidden }: ModelLimits,
): void {
  const method = methodNamed(spec.method);
  const [unused] = unusedFields(method, { profiles: { [client]: change } });
  if (unused !== undefined) refuse(unused.path.slice(2).join('.'), unused.message);
  if (change.lora !== undefined && groupsThatAre(method, 'shared').includes('lora'))
    refuse('lora', `${method.name} shares it: all clients have the same shape`);
  const { blocks, rank } = change.lora ?? {};
  if (typeof blocks === 'number' && typeof layers === 'number' && blocks > layers)
    refuse('lora.blocks', `${blocks} blocks from the top are asked for, and the model has ${layers}`);
  if (rank !== undefined && typeof hidden === 'number' && rank > hidden)
    refuse('lora.rank', `${rank} is more than the ${hidden} dimensions of the model`);
  const known = Object.keys(rewardModels(spec.rewards));
  const stranger = Object.keys(change.rewards ?? {}).find((reward) => !known.includes(reward));
  if (stranger !== undefined)
    refuse(`rewards.${stranger}`, `there is no such reward; the spec has ${known.join(', ') || 'none'}`);
}

function refuse(field: string, message: string): never {
  throw new CoordinatorError('profile.invalid', `${field}: ${message}`);
}
