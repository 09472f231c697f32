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
  type ChannelPlan,
  type LinkMeasurement,
} from '#federation';
import { keptManifest, viewSafetensors, type KeptChannels, type NamedTensors, type TensorManifest } from '#parameters';
import {
  BlobStore,
  type Connection,
  ExperimentRecord,
  findKeep,
  findRound,
  listCohort,
  listSparseRounds,
  type SparseRound,
} from '#storage';
import { Injectable } from '@nestjs/common';
import { CoordinatorError } from './coordinator-error.ts';
import type { Submission } from './submissions.ts';

/** What a round that leaves out channels is opened with. */
export interface AnnouncedChannels {
  /** As on the wire. */
  readonly order: string;
  /** By client, the part that it keeps. */
  readonly keeps: ReadonlyMap<string, number>;
}

/** What averaging must know of a round that leaves out channels. */
export interface ChannelsOfRound {
  readonly plan: ChannelPlan;
  /** Throws `coordinator.keep-missing` for a client that was not told what to keep. */
  keptBy(client: string): KeptChannels;
}

/** The history of channels up to a round, and the global model that the round made. */
interface SummedUp {
  readonly upTo: number;
  readonly global: string;
  readonly history: ChannelHistory;
}

/**
 * Which channels of the shared tensors are left out, by whom: chosen when a round opens from what the rounds before it
 * changed, and read from the record afterwards. Experiments that are dense have none of it.
 */
@Injectable()
export class SparseChannels {
  readonly #record: ExperimentRecord;
  readonly #blobs: BlobStore;
  /** What was summed up so far, by experiment; made anew from the record and the stored global models when it is not there. */
  readonly #histories = new Map<string, SummedUp>();

  constructor(record: ExperimentRecord, blobs: BlobStore) {
    this.#record = record;
    this.#blobs = blobs;
  }

  /** The order of a round that is about to open, and how much of it each link allows; undefined when all is sent. */
  async choose(
    db: Connection,
    submission: Submission,
    round: number,
    links: readonly LinkMeasurement[],
  ): Promise<AnnouncedChannels | undefined> {
    const { id, spec } = submission;
    const plan = planOf(submission);
    if (plan === undefined || round > spec.rounds) {
      this.#histories.delete(id);
      return undefined;
    }
    const orders = orderFamilies(plan, await this.#historyBefore(db, id, plan, round));
    const keeps = keepsOn(
      plan,
      spec.link,
      links.map(({ ergodicBitsPerSecondPerHz }) => ergodicBitsPerSecondPerHz.uplink),
    );
    return {
      order: writeOrders(plan.families, orders),
      keeps: new Map(links.map(({ client }, index) => [client, keeps[index] ?? plan.most])),
    };
  }

  /** What an upload of this client for this round must hold. */
  async expected(submission: Submission, round: number, client: string): Promise<TensorManifest> {
    const { manifest } = submission.base.shared;
    const plan = planOf(submission);
    if (plan === undefined) return manifest;
    const key = { experimentId: submission.id, number: round };
    return this.#record.use(async (db) => {
      const [order, keep] = [(await findRound(db, key))?.channelOrder, await findKeep(db, { ...key, client })];
      // A round that is not there, or not this client's, takes no upload whatever it holds.
      if (typeof order !== 'string' || keep === undefined) return manifest;
      return keptManifest(manifest, plan.families, keepChannels(plan.families, readOrders(plan.families, order), keep));
    });
  }

  /** Who kept what in a round that was opened; undefined when all was sent. */
  async ofRound(db: Connection, submission: Submission, number: number): Promise<ChannelsOfRound | undefined> {
    const plan = planOf(submission);
    const key = { experimentId: submission.id, number };
    const order = plan && (await findRound(db, key))?.channelOrder;
    if (plan === undefined || typeof order !== 'string') return undefined;
    const orders = readOrders(plan.families, order);
    const keeps = new Map((await listCohort(db, key)).map(({ client, keep }) => [client, keep]));
    return {
      plan,
      keptBy(client) {
        const keep = keeps.get(client);
        if (typeof keep === 'number') return keepChannels(plan.families, orders, keep);
        throw new CoordinatorError('coordinator.keep-missing', `The record does not say what ${client} was to keep.`);
      },
    };
  }

  async #historyBefore(db: Connection, id: string, plan: ChannelPlan, round: number): Promise<ChannelHistory> {
    const past = await listSparseRounds(db, id, round);
    const known = this.#histories.get(id);
    // What was summed up in a transaction that did not take effect is not in the record.
    const isRecorded = ({ number, globalAfterDigest }: SparseRound) =>
      number === known?.upTo && globalAfterDigest === known.global;
    const start = past.findIndex(isRecorded) + 1;
    let history = known !== undefined && start > 0 ? known.history : emptyHistory(plan.families);
    for (const { number, globalBeforeDigest, globalAfterDigest, channelOrder, keep } of past.slice(start)) {
      const kept = keepChannels(plan.families, readOrders(plan.families, channelOrder), keep);
      const [before, after] = [await this.#read(globalBeforeDigest), await this.#read(globalAfterDigest)];
      history = extendHistory(history, plan.families, { before, after, kept });
      this.#histories.set(id, { upTo: number, global: globalAfterDigest, history });
    }
    return history;
  }

  async #read(digest: string): Promise<NamedTensors> {
    return viewSafetensors(await this.#blobs.read(digest));
  }
}

function planOf({ spec, base }: Submission): ChannelPlan | undefined {
  return channelPlan(spec, base.shared.manifest);
}
