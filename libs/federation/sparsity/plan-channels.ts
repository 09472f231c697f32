import { methodNamed, sparseFamilies, type SparsityScope } from '#methods';
import { keptManifest, safetensorsBytes, type ChannelFamily, type TensorManifest } from '#parameters';
import { emptyHistory, type ChannelHistory } from './channel-history.ts';
import { keepByLink } from './keep-by-link.ts';
import { keptCount, type ChannelOrders } from './keep-channels.ts';
import { orderChannels } from './order-channels.ts';

/** What the channels of an experiment's rounds are chosen by. */
export interface ChannelPlan {
  readonly seed: number;
  readonly families: readonly ChannelFamily[];
  /** The shared tensors in full. */
  readonly manifest: TensorManifest;
  /** The part of the channels that a client keeps at most; on a poorer link it leaves out more. */
  readonly most: number;
  readonly adaptToLink: boolean;
}

/** The fields of a spec that say whether channels are left out, and how many. */
export interface SparseSpec {
  readonly seed: number;
  readonly method: string;
  readonly sparsity: { readonly attention: number; readonly scope: SparsityScope; readonly adaptToLink: boolean };
}

/** How an experiment's rounds leave out channels of the shared tensors; undefined where they are dense. */
export function channelPlan({ seed, method, sparsity }: SparseSpec, manifest: TensorManifest): ChannelPlan | undefined {
  const families = sparseFamilies(methodNamed(method), sparsity, manifest);
  if (families.length === 0) return undefined;
  return { seed, families, manifest, most: 1 - sparsity.attention, adaptToLink: sparsity.adaptToLink };
}

/** The order of every family's channels in a round, from what the rounds before it showed. */
export function orderFamilies({ seed, families, most }: ChannelPlan, history: ChannelHistory): ChannelOrders {
  const unseen = emptyHistory(families);
  return new Map(
    families.flatMap((family) => {
      const own = history[family.name] ?? unseen[family.name];
      if (own === undefined) return [];
      return [[family.name, orderChannels(seed, family, own, keptCount(family.channels, most))] as const];
    }),
  );
}

/** What part of the channels each of these uplinks keeps, given its ergodic rate in b/s/Hz when the round opens. */
export function keepsOn(
  plan: ChannelPlan,
  link: { readonly bandwidthHz: number; readonly deadlineMs: number },
  ratesBitsPerSecondPerHz: readonly number[],
): number[] {
  const { most, adaptToLink } = plan;
  if (!adaptToLink) return ratesBitsPerSecondPerHz.map(() => most);
  const known = new Map<number, number>();
  const bytesOf = (keep: number): number => {
    const bytes = known.get(keep) ?? uploadBytes(plan, keep);
    known.set(keep, bytes);
    return bytes;
  };
  const { bandwidthHz, deadlineMs } = link;
  return ratesBitsPerSecondPerHz.map((rate) =>
    keepByLink(most, { bitsPerSecond: rate * bandwidthHz, deadlineMs, uploadBytes: bytesOf }),
  );
}

/** Bytes of an upload that keeps this part of the channels, header included; which ones they are makes no difference. */
export function uploadBytes({ families, manifest }: ChannelPlan, keep: number): number {
  const kept = families.map(({ name, channels }) => {
    const count = keptCount(channels, keep);
    return [name, Array.from({ length: count }, (_, channel) => channel)] as const;
  });
  return safetensorsBytes(keptManifest(manifest, families, new Map(kept)));
}
