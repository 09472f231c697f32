import type { ChannelFamily, KeptChannels, NamedTensors } from '#parameters';
import { channelChanges } from '#parameters';

/** What earlier rounds showed of one family's channels. */
export interface FamilyHistory {
  /** For each channel, the norm of what a round changed of it, summed over the rounds in which it was sent. */
  readonly change: readonly number[];
  /** For each channel, the rounds in which somebody sent it. */
  readonly sent: readonly number[];
  /** How far the rotation has come: places of the seeded order that have had their turn. */
  readonly rotated: number;
}

/** By name of the family; what the coordinator knows, and all that the next order depends on beside the seed. */
export type ChannelHistory = Readonly<Record<string, FamilyHistory>>;

/** Before the first round. */
export function emptyHistory(families: readonly ChannelFamily[]): ChannelHistory {
  const zeros = (count: number): number[] => new Array<number>(count).fill(0);
  return Object.fromEntries(
    families.map(({ name, channels }) => [name, { change: zeros(channels), sent: zeros(channels), rotated: 0 }]),
  );
}

/**
 * The history after a round that made `after` of `before`, in which somebody sent the channels `kept` (those of the largest
 * keep that arrived). Places of the rotation count as had only when they arrived.
 */
export function extendHistory(
  history: ChannelHistory,
  families: readonly ChannelFamily[],
  round: { readonly before: NamedTensors; readonly after: NamedTensors; readonly kept: KeptChannels },
): ChannelHistory {
  const changes = channelChanges(round.before, round.after, families);
  return Object.fromEntries(
    families.map(({ name, channels }) => {
      const { change, sent, rotated } = history[name] ?? { change: [], sent: [], rotated: 0 };
      const kept = round.kept.get(name);
      const had = new Set(kept ?? Array.from({ length: channels }, (_, channel) => channel));
      const norms = changes.get(name) ?? new Float64Array();
      const turns = sent.some((times) => times > 0) ? rotatingPlaces(had.size) : had.size;
      return [
        name,
        {
          change: change.map((total, channel) => total + (had.has(channel) ? (norms[channel] ?? 0) : 0)),
          sent: sent.map((times, channel) => times + (had.has(channel) ? 1 : 0)),
          rotated: (rotated + turns) % channels,
        },
      ];
    }),
  );
}

/** One place in ten rotates; of fewer than ten, one. */
export const ROTATION_PERIOD = 10;

/** How many of the first `count` places of an order rotate. */
export function rotatingPlaces(count: number): number {
  return Math.max(Math.floor(count / ROTATION_PERIOD), count > 0 ? 1 : 0);
}
