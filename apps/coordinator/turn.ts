import type { Contract } from '#contracts';
import type { LedgerHead } from '#ledger';
import {
  appendEntries,
  type Connection,
  type ExperimentProgress,
  type HistoryRow,
  type LedgerEntry,
  moveExperiment,
  type NewFact,
  recordHistory,
  type Row,
  stateFacts,
  withCommit,
} from '#storage';
import { restoreRound, type CurrentRound } from './current-round.ts';
import type { LedgerScribe } from './ledger-scribe.ts';
import type { Submission } from './submissions.ts';

/** What of an experiment is kept in memory from one turn to the next. */
export interface Memory {
  readonly revision: number;
  readonly head: LedgerHead;
  readonly current: CurrentRound | undefined;
}

/**
 * One transaction on one experiment, alone with it on all replicas: what is recorded, its ledger entries and the facts
 * that follow from it take effect together or not at all.
 */
export class Turn {
  readonly db: Connection;
  readonly submission: Submission;
  /** When this turn is, for all that it records. */
  readonly at: Date;
  current: CurrentRound | undefined;
  readonly #scribe: LedgerScribe;
  readonly #revision: number;
  #progress: ExperimentProgress;
  #head: LedgerHead;
  #changes: Partial<ExperimentProgress> = {};
  #changed = false;
  #rows: HistoryRow[] = [];
  readonly #entries: Row<LedgerEntry>[] = [];
  readonly #facts: NewFact[] = [];
  readonly #lastSteps = new Map<string, () => void | Promise<void>>();
  readonly #afterwards: (() => void)[] = [];

  constructor(
    db: Connection,
    submission: Submission,
    scribe: LedgerScribe,
    found: { readonly progress: ExperimentProgress; readonly memory: Memory },
  ) {
    this.db = db;
    this.submission = submission;
    this.at = scribe.now();
    this.#scribe = scribe;
    this.#progress = found.progress;
    this.#revision = found.progress.revision;
    this.#head = found.memory.head;
    this.current = found.memory.current;
  }

  get progress(): Readonly<ExperimentProgress> {
    return this.#progress;
  }

  /** Whether facts move the experiment on; otherwise they are recorded and no more. */
  get isRunning(): boolean {
    return this.#progress.state === 'running';
  }

  /** Reads the round anew from the record: facts came in that did not move it. */
  async reload(): Promise<void> {
    await this.settle();
    this.current = await restoreRound(this.db, this.submission);
  }

  /** Adds a row to history, unless it is there, together with those that the turn still comes to. */
  record(row: HistoryRow): void {
    this.#rows.push(row);
  }

  /** Writes the rows so far, and an entry for each that is new. */
  async settle(): Promise<void> {
    const rows = this.#rows;
    this.#rows = [];
    if (rows.length === 0) return;
    for (const { table, columns } of await recordHistory(this.db, rows)) this.#append(table, columns);
  }

  /** Appends an entry that stands for a fact of its own; answers the head of the chain with it. */
  async note(kind: string, covers: unknown): Promise<LedgerHead> {
    await this.settle();
    return this.#append(kind, covers);
  }

  /** Moves the experiment on. */
  move(changes: Partial<ExperimentProgress>): void {
    this.#progress = { ...this.#progress, ...changes };
    this.#changes = { ...this.#changes, ...changes };
    this.#changed = true;
  }

  /** States a fact: published once the turn has taken effect, after all that were stated before. */
  state<Data>(contract: Contract<string, Data>, data: Data, blob?: string): void {
    const { id } = this.submission;
    this.#facts.push({
      experimentId: id,
      contract: contract.name,
      data,
      blob: blob ?? null,
      statedAt: this.at,
    });
  }

  /** Does something once, at the end of the turn, however often it is asked for. */
  lastly(name: string, step: () => void | Promise<void>): void {
    this.#lastSteps.set(name, step);
  }

  /** Does something after the turn has taken effect, if it does. */
  afterwards(step: () => void): void {
    this.#afterwards.push(step);
  }

  /** Writes what is not written yet. The transaction is committed by whoever began the turn. */
  async end(): Promise<void> {
    for (const [name, step] of this.#lastSteps) {
      this.#lastSteps.delete(name);
      await step();
    }
    await this.settle();
    withCommit(this.db, appendEntries(this.db, this.#entries));
    withCommit(this.db, stateFacts(this.db, this.#facts));
    if (this.#changed) {
      const revision = this.#revision + 1;
      this.#progress = { ...this.#progress, revision };
      withCommit(this.db, moveExperiment(this.db, this.submission.id, { ...this.#changes, revision }));
    }
  }

  /** What to remember, and what to do, now that the turn has taken effect. */
  took(): { readonly memory: Memory; readonly stated: boolean; readonly afterwards: readonly (() => void)[] } {
    const memory = { revision: this.#progress.revision, head: this.#head, current: this.current };
    return { memory, stated: this.#facts.length > 0, afterwards: this.#afterwards };
  }

  #append(kind: string, covers: unknown): LedgerHead {
    const content = { experiment: this.submission.id, kind, covers, recordedAt: this.at };
    const { entry, head } = this.#scribe.write(this.#head, content);
    this.#entries.push(entry);
    this.#head = head;
    this.#changed = true;
    return head;
  }
}
