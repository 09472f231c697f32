import {
  adapterManifest,
  headManifest,
  initialAdapters,
  initialHead,
  initialLora,
  loraManifest,
  type EncoderConfig,
  type LoraShape,
} from '#language-models';
import { groupsThatAre, type Method, type Ownership } from '#methods';
import type { NamedTensors, TensorManifest } from '#parameters';
import type { ClientProfile } from './client-profile.ts';

/** A set of trainable tensors before they exist: what fixes their shapes, and the key from which their numbers are drawn. */
export interface TensorRecipe {
  readonly seed: number;
  /** The client whose they are; shared tensors belong to everybody. */
  readonly owner: string;
  readonly adapters?: { readonly width: number };
  readonly lora?: LoraShape;
  readonly head?: { readonly labels: number };
}

/** What recipes depend on, beside the method and the client. */
export interface RecipeSettings {
  readonly seed: number;
  readonly width: number;
  readonly labels: number;
}

const EVERYBODY = 'everybody';

/** The tensors that a method shares, or those that stay with `client`; `lora` comes from its profile. */
export function tensorRecipe(
  method: Method,
  ownership: Ownership,
  { seed, width, labels }: RecipeSettings,
  client: { readonly name: string; readonly profile: ClientProfile },
): TensorRecipe {
  const groups = groupsThatAre(method, ownership);
  const { rank, blocks } = client.profile.lora;
  return {
    seed,
    owner: ownership === 'shared' ? EVERYBODY : client.name,
    ...(groups.includes('adapters') ? { adapters: { width } } : {}),
    ...(groups.includes('lora') ? { lora: { rank, blocks } } : {}),
    ...(groups.includes('head') ? { head: { labels } } : {}),
  };
}

/** Names and shapes of a recipe's tensors. */
export function recipeManifest(config: EncoderConfig, { adapters, lora, head }: TensorRecipe): TensorManifest {
  return [
    ...(adapters === undefined ? [] : adapterManifest(config, adapters.width)),
    ...(lora === undefined ? [] : loraManifest(config, lora)),
    ...(head === undefined ? [] : headManifest(config, head.labels)),
  ];
}

/** The tensors before any training: adapters that change nothing, LoRA that adds nothing, a head near zero. */
export function initialTensors(
  config: EncoderConfig,
  { seed, owner, adapters, lora, head }: TensorRecipe,
): NamedTensors {
  return new Map([
    ...(adapters === undefined ? [] : initialAdapters(config, adapters.width, seed)),
    ...(lora === undefined ? [] : initialLora(config, lora, seed, owner)),
    ...(head === undefined ? [] : initialHead(config, head.labels, seed, owner)),
  ]);
}
