import {
  channelPlan,
  emptyHistory,
  extendHistory,
  keepChannels,
  keepsOn,
  orderFamilies,
  readOrders,
  writeOrders,
  type ChannelHistory,
  type ChannelOrders,
  type ChannelPlan,
} from '#federation';
import { viewSafetensors, type KeptChannels, type NamedTensors } from '#parameters';
import type { BlobStore } from '#storage';
import type { Findings } from './audit-report.ts';
import { cohortOf } from './compare-rows.ts';
import { number, placeOf, text, type Columns, type Entry, type History } from './history.ts';
import { contributionsOf } from './replay-rounds.ts';

/** Who kept which channels in a round, as the ledger has it. */
export interface ReplayedChannels {
  readonly plan: ChannelPlan;
  /** Undefined where the ledger does not say, which is a finding already. */
  keptBy(round: number, client: string): KeptChannels | undefined;
}

/**
 * Where rounds leave out channels: each announced order derived again from the global models before it, and each client's
 * part from its link. Answers what contributions must hold; undefined where the experiment is dense.
 */
export async function replayChannels(
  { spec, base, entries }: History,
  blobs: BlobStore,
  findings: Findings,
): Promise<ReplayedChannels | undefined> {
  const plan = channelPlan(spec, base.shared.manifest);
  if (plan === undefined) return undefined;
  const announced = new Map<number, Announcement>();
  let history: ChannelHistory | undefined = emptyHistory(plan.families);
  for (const entry of entries) {
    const round = number(entry.covers, 'number');
    if (entry.kind === 'round.opened' && text(entry.covers, 'purpose') === 'training') {
      const announcement = announcementOf(plan, entry, findings);
      if (announcement === undefined) continue;
      announced.set(round, announcement);
      checkKeeps(plan, spec.link, entry, findings);
      if (history !== undefined) checkOrder(plan, history, entry, findings);
    } else if (entry.kind === 'round.committed' && history !== undefined) {
      history = await extended(plan, history, announced.get(round), { entry, blobs, findings });
    }
  }
  return {
    plan,
    keptBy(round, client) {
      const { orders, keeps } = announced.get(round) ?? {};
      const keep = keeps?.get(client);
      return orders === undefined || keep === undefined ? undefined : keepChannels(plan.families, orders, keep);
    },
  };
}

interface Announcement {
  readonly orders: ChannelOrders;
  readonly keeps: ReadonlyMap<string, number>;
}

function announcementOf({ families }: ChannelPlan, entry: Entry, findings: Findings): Announcement | undefined {
  const { covers } = entry;
  const keeps = new Map(cohortOf(covers).map((row) => [text(row, 'client'), number(row, 'keep')]));
  try {
    return { orders: readOrders(families, text(covers, 'channel_order')), keeps };
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    findings.add({ code: 'round.channel-order', ...whereOf(entry), message });
    return undefined;
  }
}

function checkOrder(plan: ChannelPlan, history: ChannelHistory, entry: Entry, findings: Findings): void {
  const derived = writeOrders(plan.families, orderFamilies(plan, history));
  if (derived === text(entry.covers, 'channel_order')) return;
  const message = 'the announced order of channels is not the one that seed and earlier rounds give';
  findings.add({ code: 'round.channel-order', ...whereOf(entry), message });
}

function checkKeeps(plan: ChannelPlan, link: History['spec']['link'], entry: Entry, findings: Findings): void {
  const cohort = cohortOf(entry.covers);
  const expected = keepsOn(
    plan,
    link,
    cohort.map((row) => number(row, 'ergodic_uplink_bits_per_second_per_hz')),
  );
  cohort.forEach((row: Columns, index) => {
    if (number(row, 'keep') === expected[index]) return;
    findings.add({
      code: 'round.keep',
      ...whereOf(entry),
      place: placeOf('cohort_member', row, ['round', 'client']),
      message: `it was to keep ${String(row['keep'])} of the channels, by its link it is ${String(expected[index])}`,
    });
  });
}

/** Undefined, with the reason noted, when a global model is not there any more. */
async function extended(
  { families }: ChannelPlan,
  history: ChannelHistory,
  announcement: Announcement | undefined,
  { entry, blobs, findings }: { readonly entry: Entry; readonly blobs: BlobStore; readonly findings: Findings },
): Promise<ChannelHistory | undefined> {
  const { covers } = entry;
  const keeps = contributionsOf(covers).map(({ client }) => announcement?.keeps.get(client) ?? NaN);
  const keep = Math.max(...keeps);
  if (announcement === undefined || !Number.isFinite(keep)) return undefined;
  try {
    const [before, after] = [
      await read(blobs, text(covers, 'global_before_digest')),
      await read(blobs, text(covers, 'global_after_digest')),
    ];
    return extendHistory(history, families, { before, after, kept: keepChannels(families, announcement.orders, keep) });
  } catch (error) {
    const { code } = error as { code?: unknown };
    if (code !== 'storage.blob-missing' && code !== 'storage.blob-corrupt') throw error;
    findings.notReplayed.push(
      `orders of channels after round ${number(covers, 'number')}: its global model cannot be read (${code})`,
    );
    return undefined;
  }
}

async function read(blobs: BlobStore, digest: string): Promise<NamedTensors> {
  return viewSafetensors(await blobs.read(digest));
}

function whereOf({ covers, entry }: Entry): { place: string; entry: number; round: number } {
  const round = number(covers, 'number');
  return { place: `round number=${round}`, entry, round };
}
