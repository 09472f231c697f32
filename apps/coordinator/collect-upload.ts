import type { DataOf, uploadDelivered } from '#contracts';
import type { Delivery } from '#events';
import { judgeBytes, judgeClaim, type Refusal, type RefusalCode, type RoundEvent } from '#federation';
import { contributionStatement, verifyJson } from '#ledger';
import { BlobStore, findContribution } from '#storage';
import { Injectable } from '@nestjs/common';
import { AdvanceRound } from './advance-round.ts';
import { crossingRow } from './crossing-row.ts';
import { expectationOf, isKnown, uploadKey, type CurrentRound } from './current-round.ts';
import { SparseChannels } from './sparse-channels.ts';
import { Submissions } from './submissions.ts';
import type { Turn } from './turn.ts';

type Upload = Delivery<DataOf<typeof uploadDelivered>>;

const SMALL_BYTES = 64 * 1024;

/** Refusals that say nothing about the client's part of the current round. */
const BESIDE_THE_ROUND: readonly RefusalCode[] = [
  'wrong-round',
  'finished-round',
  'not-in-cohort',
  // Somebody else's, perhaps: the client's own may still come.
  'wrong-signature',
  'double',
];

/** upload.delivered → a contribution, accepted or refused with the reason. The same upload again changes nothing. */
@Injectable()
export class CollectUpload {
  readonly #submissions: Submissions;
  readonly #blobs: BlobStore;
  readonly #advance: AdvanceRound;
  readonly #channels: SparseChannels;
  /** One upload is in memory at a time, however many arrive at once; of small ones as many as there are handlers. */
  #reading: Promise<unknown> = Promise.resolve();

  constructor(submissions: Submissions, blobs: BlobStore, advance: AdvanceRound, channels: SparseChannels) {
    this.#channels = channels;
    this.#submissions = submissions;
    this.#blobs = blobs;
    this.#advance = advance;
  }

  async handle(upload: Upload): Promise<void> {
    const { experiment } = upload.envelope;
    // Reading and checking bytes takes time, and needs nobody else to wait: it is done before the turn.
    const flaw = await this.#inspect(upload);
    await this.#advance.take(experiment, (turn, current) => this.#collect(turn, current, upload, flaw));
  }

  async #inspect({ envelope, data: { round, client, blob } }: Upload): Promise<() => Refusal | undefined> {
    const submission = await this.#submissions.of(envelope.experiment);
    const judge = async () =>
      judgeBytes(await this.#channels.expected(submission, round, client), blob, await this.#blobs.read(blob.digest));
    return this.#inTurn(blob.digest, judge).then(
      (flaw) => () => flaw,
      // Bytes that are gone matter only if the upload has no verdict yet.
      (error: unknown) => () => {
        throw error;
      },
    );
  }

  async #inTurn<T>(digest: string, judge: () => Promise<T>): Promise<T> {
    if ((await this.#blobs.size(digest)) <= SMALL_BYTES) return judge();
    const judged = this.#reading.then(judge);
    this.#reading = judged.catch(() => undefined);
    return judged;
  }

  async #collect(
    turn: Turn,
    current: CurrentRound,
    { envelope, data }: Upload,
    flaw: () => Refusal | undefined,
  ): Promise<RoundEvent | undefined> {
    const { round, client, blob, examples, answers } = data;
    if (await isJudged(turn, current, data)) return undefined;
    const refusal =
      judgeSignature(current, envelope.experiment, data) ??
      judgeClaim(current.machine, expectationOf(current, client), { ...data, ...blob }) ??
      flaw();
    const key = { experimentId: envelope.experiment, round, client, recordedAt: new Date(envelope.time) };
    if (!isKnown(current, data)) {
      const why = { reasonCode: refusal?.code ?? '', reasonMessage: refusal?.message ?? '' };
      turn.record({ table: 'stray_upload', row: { ...key, digest: blob.digest, ...why } });
      return undefined;
    }
    const row = {
      ...key,
      ...blob,
      examples,
      verdict: refusal === undefined ? ('accepted' as const) : ('refused' as const),
      weight: refusal === undefined ? examples : null,
      reasonCode: refusal?.code ?? null,
      reasonMessage: refusal?.message ?? null,
      answers,
      head: data.head,
      signature: data.signature,
    };
    turn.record({ table: 'transmission', row: crossingRow(envelope, 'uplink', data) });
    turn.record({ table: 'contribution', row });
    if (round === current.machine.plan.number) current.judged.add(uploadKey(client, blob.digest));
    if (refusal === undefined) return { kind: 'answered', client, answer: 'contributed' };
    return BESIDE_THE_ROUND.includes(refusal.code) ? undefined : { kind: 'answered', client, answer: 'refused' };
  }
}

/** Whether the site that enrolled the client vouches for the upload; one that enrolled without a key cannot. */
function judgeSignature(current: CurrentRound, experiment: string, data: Upload['data']): Refusal | undefined {
  const publicKey = current.clients.get(data.client)?.publicKey ?? null;
  if (publicKey === null) return undefined;
  const { answers: base, blob, signature, ...said } = data;
  const statement = contributionStatement({ ...said, experiment, base, blob: blob.digest });
  if (verifyJson(publicKey, statement, signature)) return undefined;
  return { code: 'wrong-signature', message: `it is not signed with the key that ${data.client} enrolled with` };
}

/** Whether these bytes from this client have their verdict already, in this round or an earlier one. */
async function isJudged(turn: Turn, current: CurrentRound, { round, client, blob }: Upload['data']): Promise<boolean> {
  if (round === current.machine.plan.number) return current.judged.has(uploadKey(client, blob.digest));
  const key = { experimentId: turn.submission.id, round, client, digest: blob.digest };
  return (await findContribution(turn.db, key)) !== undefined;
}
