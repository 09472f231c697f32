import { NO_ENTRY } from '#ledger';
import { type Connection, ExperimentRecord, ledgerHead, lockExperiment, StorageError } from '#storage';
import { Injectable, type OnModuleDestroy } from '@nestjs/common';
import { restoreRound } from './current-round.ts';
import { LedgerScribe } from './ledger-scribe.ts';
import { RelayOutbox } from './relay-outbox.ts';
import { Submissions, type Submission } from './submissions.ts';
import { Turn, type Memory } from './turn.ts';

/** More work than this waits for the next transaction: memory and lock times stay bounded. */
const MOST_TOGETHER = 256;

type Work = (turn: Turn) => Promise<unknown>;

interface Asked {
  readonly work: Work;
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Gives out turns: work on one experiment is done in the order in which it is asked for, never two at a time, here by
 * queue and between replicas by a lock on the experiment's row. What is asked for while a transaction is on its way is
 * done together in the next one, because a transaction costs a flush of the disk whatever is in it.
 */
@Injectable()
export class Turns implements OnModuleDestroy {
  readonly #record: ExperimentRecord;
  readonly #submissions: Submissions;
  readonly #scribe: LedgerScribe;
  readonly #relay: RelayOutbox;
  readonly #waiting = new Map<string, Asked[]>();
  readonly #working = new Set<Promise<void>>();
  readonly #memories = new Map<string, Memory>();

  constructor(record: ExperimentRecord, submissions: Submissions, scribe: LedgerScribe, relay: RelayOutbox) {
    this.#record = record;
    this.#submissions = submissions;
    this.#scribe = scribe;
    this.#relay = relay;
  }

  /** Does work in a turn of its experiment; resolves when it has taken effect. Throws `storage.experiment-unknown`. */
  async take<T>(experiment: string, work: (turn: Turn) => Promise<T>): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      const asked: Asked = { work, resolve: resolve as Asked['resolve'], reject };
      const waiting = this.#waiting.get(experiment);
      if (waiting !== undefined) {
        waiting.push(asked);
        return;
      }
      this.#waiting.set(experiment, [asked]);
      const working: Promise<void> = this.#workOn(experiment).finally(() => this.#working.delete(working));
      this.#working.add(working);
    });
  }

  /** The first turn of an experiment, together with its insertion; does nothing when `insert` answers false. */
  async begin(submission: Submission, insert: (db: Connection) => Promise<boolean>, work: Work): Promise<boolean> {
    return (await this.#transact(submission, [work], insert)) !== undefined;
  }

  /** Publishes what an experiment has stated, if that was not done yet. */
  relay(experiment: string): void {
    this.#relay.wake(experiment);
  }

  /** Resolves when nothing is under way here any more, nothing that follows from it included. */
  async settled(): Promise<void> {
    do {
      await Promise.all(this.#working);
      await this.#relay.settled();
    } while (this.#working.size > 0);
  }

  /** What has been begun is ended before the record is closed. */
  async onModuleDestroy(): Promise<void> {
    await this.settled();
  }

  /** Whether this process has worked on the experiment and it goes on. */
  knows(experiment: string): boolean {
    return this.#memories.has(experiment);
  }

  async #workOn(experiment: string): Promise<void> {
    for (;;) {
      // What is handed over in the same breath goes together.
      await new Promise(setImmediate);
      const asked = this.#waiting.get(experiment)?.splice(0, MOST_TOGETHER) ?? [];
      if (asked.length === 0) break;
      await this.#together(experiment, asked);
    }
    this.#waiting.delete(experiment);
  }

  /** All in one transaction; if that fails, each in one of its own, so that nobody fails for another's sake. */
  async #together(experiment: string, asked: readonly Asked[]): Promise<void> {
    try {
      const submission = await this.#submissions.of(experiment);
      const results = await this.#transact(
        submission,
        asked.map(({ work }) => work),
      );
      for (const [index, { resolve }] of asked.entries()) resolve(results?.[index]);
    } catch (error) {
      const alone = asked.length === 1 || (error as { retryable?: unknown }).retryable === true;
      if (alone) for (const { reject } of asked) reject(error);
      else for (const one of asked) await this.#together(experiment, [one]);
    }
  }

  async #transact(
    submission: Submission,
    works: readonly Work[],
    insert?: (db: Connection) => Promise<boolean>,
  ): Promise<readonly unknown[] | undefined> {
    const { id } = submission;
    try {
      const done = await this.#record.transaction(async (db) => {
        if (insert !== undefined && !(await insert(db))) return undefined;
        const turn = await this.#turnOf(db, submission);
        const results: unknown[] = [];
        for (const work of works) results.push(await work(turn));
        await turn.end();
        return { turn, results };
      });
      if (done === undefined) return undefined;
      this.#takeEffect(done.turn);
      return done.results;
    } catch (error) {
      // The record knows better than memory, which may have gone ahead of it.
      this.#memories.delete(id);
      throw error;
    }
  }

  async #turnOf(db: Connection, submission: Submission): Promise<Turn> {
    const { id } = submission;
    const progress = await lockExperiment(db, id);
    if (progress === undefined) throw new StorageError('storage.experiment-unknown', `There is no experiment "${id}".`);
    const known = this.#memories.get(id);
    const memory =
      known?.revision === progress.revision
        ? known
        : {
            revision: progress.revision,
            head: (await ledgerHead(db, id)) ?? NO_ENTRY,
            current: await restoreRound(db, submission),
          };
    return new Turn(db, submission, this.#scribe, { progress, memory });
  }

  #takeEffect(turn: Turn): void {
    const { id } = turn.submission;
    const { state } = turn.progress;
    const { memory, stated, afterwards } = turn.took();
    if (state === 'enrolling' || state === 'running') this.#memories.set(id, memory);
    else {
      this.#memories.delete(id);
      this.#submissions.forget(id);
    }
    if (stated) this.#relay.wake(id);
    for (const step of afterwards) step();
  }
}
