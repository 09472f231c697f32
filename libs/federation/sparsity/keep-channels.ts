import type { ChannelFamily, KeptChannels } from '#parameters';

/** The order of each family's channels in a round, by the family's name. */
export type ChannelOrders = ReadonlyMap<string, readonly number[]>;

/** How many of `channels` a part of them is, to the nearest, at least one. */
export function keptCount(channels: number, keep: number): number {
  return Math.min(channels, Math.max(1, Math.round(channels * keep)));
}

/** The channels that a client keeps of each family when it keeps the part `keep` of them, ascending. */
export function keepChannels(families: readonly ChannelFamily[], orders: ChannelOrders, keep: number): KeptChannels {
  return new Map(
    families.flatMap(({ name, channels }) => {
      const order = orders.get(name);
      if (order === undefined) return [];
      return [[name, order.slice(0, keptCount(channels, keep)).sort((left, right) => left - right)] as const];
    }),
  );
}
