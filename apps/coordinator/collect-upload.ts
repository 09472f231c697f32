import type { DataOf, uploadDelivered } from '#contracts';
import type { Delivery } from '#events';
import { judgeUpload, type RefusalCode, type RoundEvent, type Verdict } from '#federation';
import {
  BlobStore,
  ExperimentRecord,
  findContribution,
  insertContribution,
  insertStrayUpload,
  insertTransmission,
} from '#storage';
import { Injectable } from '@nestjs/common';
import { AdvanceRound } from './advance-round.ts';
import { crossingRow } from './crossing-row.ts';
import { expectationOf, type CurrentRound } from './current-rounds.ts';
import { isKnown } from './record-download.ts';

type Upload = Delivery<DataOf<typeof uploadDelivered>>;

/** Refusals that say nothing about the client's part of the current round. */
const BESIDE_THE_ROUND: readonly RefusalCode[] = ['wrong-round', 'finished-round', 'not-in-cohort', 'double'];

/** upload.delivered → a contribution, accepted or refused with the reason. The same upload again changes nothing. */
@Injectable()
export class CollectUpload {
  readonly #record: ExperimentRecord;
  readonly #blobs: BlobStore;
  readonly #advance: AdvanceRound;

  constructor(record: ExperimentRecord, blobs: BlobStore, advance: AdvanceRound) {
    this.#record = record;
    this.#blobs = blobs;
    this.#advance = advance;
  }

  async handle(delivery: Upload): Promise<void> {
    await this.#advance.take(delivery.envelope.experiment, (current) => this.#collect(delivery, current));
  }

  async #collect(delivery: Upload, current: CurrentRound): Promise<RoundEvent | undefined> {
    const { envelope, data } = delivery;
    const { client, round, blob, examples, answers } = data;
    const key = { experimentId: envelope.experiment, round, client, digest: blob.digest };
    if ((await this.#record.use((db) => findContribution(db, key))) !== undefined) return undefined;
    const claim = { round, client, ...blob, examples, answers };
    const bytes = await this.#blobs.read(blob.digest);
    const verdict = judgeUpload(current.machine, expectationOf(current, client), claim, bytes);
    await this.#keep(delivery, current, verdict);
    if (verdict.kind === 'accepted') return { kind: 'answered', client, answer: 'contributed' };
    return BESIDE_THE_ROUND.includes(verdict.code) ? undefined : { kind: 'answered', client, answer: 'refused' };
  }

  async #keep({ envelope, data }: Upload, current: CurrentRound, verdict: Verdict): Promise<void> {
    const { client, round, blob, examples, answers } = data;
    const unsigned = { answers, head: null, signature: null };
    const key = { experimentId: envelope.experiment, round, client, recordedAt: new Date(envelope.time) };
    const reason =
      verdict.kind === 'refused'
        ? { reasonCode: verdict.code, reasonMessage: verdict.message }
        : { reasonCode: null, reasonMessage: null };
    await this.#record.transaction(async (db) => {
      if (!isKnown(current, data)) {
        const said = { reasonCode: reason.reasonCode ?? '', reasonMessage: reason.reasonMessage ?? '' };
        await insertStrayUpload(db, { ...key, digest: blob.digest, ...said });
        return;
      }
      await insertTransmission(db, crossingRow(envelope, 'uplink', data));
      const weight = verdict.kind === 'accepted' ? examples : null;
      await insertContribution(db, {
        ...key,
        ...blob,
        verdict: verdict.kind,
        examples,
        weight,
        ...reason,
        ...unsigned,
      });
    });
  }
}
