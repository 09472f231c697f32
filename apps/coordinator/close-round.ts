import { experimentFinished, roundAbandoned, roundCommitted } from '#contracts';
import { Clock, Publisher } from '#events';
import { shares, type Decision } from '#federation';
import { BlobStore, closeRound, ExperimentRecord, moveExperiment, type Connection } from '#storage';
import { Injectable } from '@nestjs/common';
import { aggregateContributions, type AcceptedUpload } from './aggregate-contributions.ts';
import type { CurrentRound } from './current-rounds.ts';
import { planRound, type GlobalModel } from './plan-round.ts';

type Ending<Kind extends Decision['kind']> = Extract<Decision, { kind: Kind }>;

/** Ends a round: its outcome, the new global model and the plan of the next round are one transaction. */
@Injectable()
export class CloseRound {
  readonly #record: ExperimentRecord;
  readonly #blobs: BlobStore;
  readonly #publisher: Publisher;
  readonly #clock: Clock;

  constructor(record: ExperimentRecord, blobs: BlobStore, publisher: Publisher, clock: Clock) {
    this.#record = record;
    this.#blobs = blobs;
    this.#publisher = publisher;
    this.#clock = clock;
  }

  /** Averages the contributions into the new global model. */
  async commit(current: CurrentRound, { contributors, missing }: Ending<'commit'>, timedOut: boolean): Promise<void> {
    const { submission, machine } = current;
    const { global, uploads } = await aggregateContributions(this.#record, this.#blobs, current, contributors);
    await this.#end(current, { stage: 'committed', global, missing, timedOut });
    const weights = shares(uploads);
    const contributions = uploads.map(({ client, digest }: AcceptedUpload, index) => ({
      client,
      digest,
      weight: weights[index] ?? 0,
    }));
    await this.#publisher.publish(
      roundCommitted,
      { round: machine.plan.number, global, contributions },
      { experiment: submission.id },
    );
  }

  /** Leaves the global model alone. */
  async abandon(current: CurrentRound, { reason, missing }: Ending<'abandon'>, timedOut: boolean): Promise<void> {
    const { submission, machine, global } = current;
    await this.#end(current, { stage: 'abandoned', global, missing, timedOut, reason });
    await this.#publisher.publish(
      roundAbandoned,
      { round: machine.plan.number, global, reason, missing: [...missing] },
      { experiment: submission.id },
    );
  }

  /** Ends the last download, and with it the experiment. */
  async conclude(current: CurrentRound, { missing }: Ending<'conclude'>, timedOut: boolean): Promise<void> {
    const { submission, global } = current;
    await this.#end(current, { stage: 'evaluated', global, missing, timedOut });
    await this.#publisher.publish(
      experimentFinished,
      { rounds: submission.spec.rounds, globalDigest: global.digest },
      { experiment: submission.id },
    );
  }

  async #end(current: CurrentRound, outcome: Outcome): Promise<void> {
    const at = this.#clock.now();
    await this.#record.transaction((db) => end(db, current, outcome, at));
  }
}

interface Outcome {
  readonly stage: 'committed' | 'abandoned' | 'evaluated';
  readonly global: GlobalModel;
  readonly missing: readonly string[];
  readonly timedOut: boolean;
  readonly reason?: string;
}

async function end(db: Connection, { submission, machine }: CurrentRound, outcome: Outcome, at: Date): Promise<void> {
  const { number } = machine.plan;
  const { stage, global, missing, timedOut, reason } = outcome;
  await closeRound(
    db,
    { experimentId: submission.id, number },
    {
      stage,
      timedOut,
      missingClients: missing,
      abandonReason: reason ?? null,
      globalAfterDigest: global.digest,
      globalAfterBytes: global.bytes,
      closedAt: at,
    },
  );
  const goesOn = await planRound(db, submission, number, global, at);
  const model = { globalDigest: global.digest, globalBytes: global.bytes };
  await moveExperiment(db, submission.id, 'running', goesOn ? model : { ...model, state: 'finished', endedAt: at });
}
