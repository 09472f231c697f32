import { Round, type Answer, type Decision, type UploadExpectation } from '#federation';
import type { Digest } from '#parameters';
import {
  type Connection,
  ExperimentRecord,
  latestRound,
  listClients,
  listCohort,
  roundHistory,
  type RoundHistory,
  type RoundRow,
} from '#storage';
import { Injectable } from '@nestjs/common';
import { Submissions, type Submission } from './submissions.ts';

/** The round that an experiment is in: the state machine, and what uploads are measured against. */
export interface CurrentRound {
  readonly submission: Submission;
  readonly machine: Round;
  readonly global: { readonly digest: Digest; readonly bytes: number };
  /** Enrolled training examples of each client. */
  readonly examples: ReadonlyMap<string, number>;
  /** What the recorded facts amount to: other than `wait` when the process ended between the last of them and its effect. */
  readonly pending: Decision;
}

/** Holds each experiment's current round in memory while it lasts; after a restart, from the facts in the record. */
@Injectable()
export class CurrentRounds {
  readonly #record: ExperimentRecord;
  readonly #submissions: Submissions;
  readonly #rounds = new Map<string, CurrentRound>();
  readonly #queues = new Map<string, Promise<unknown>>();

  constructor(record: ExperimentRecord, submissions: Submissions) {
    this.#record = record;
    this.#submissions = submissions;
  }

  /** Runs work on an experiment after all that was asked for before: messages, commands and timers do not overlap. */
  async exclusively<T>(experiment: string, work: () => Promise<T>): Promise<T> {
    const before = this.#queues.get(experiment) ?? Promise.resolve();
    const after = before.catch(() => undefined).then(work);
    this.#queues.set(experiment, after);
    try {
      return await after;
    } finally {
      if (this.#queues.get(experiment) === after) this.#queues.delete(experiment);
    }
  }

  /** The latest round, undefined before the first. A closed one is read anew each time. */
  async of(experiment: string): Promise<CurrentRound | undefined> {
    const known = this.#rounds.get(experiment);
    if (known !== undefined) return known;
    const submission = await this.#submissions.of(experiment);
    const current = await this.#record.use((db) => restore(db, submission));
    if (current !== undefined) this.#rounds.set(experiment, current);
    return current;
  }

  /** Drops what is in memory: the round is over, or something went wrong and the record knows better. */
  forget(experiment: string): void {
    this.#rounds.delete(experiment);
  }
}

async function restore(db: Connection, submission: Submission): Promise<CurrentRound | undefined> {
  const row = await latestRound(db, submission.id);
  if (row === undefined) return undefined;
  const clients = await listClients(db, submission.id);
  const machine = new Round({
    number: row.number,
    purpose: row.purpose,
    candidates: clients.map(({ name, site }) => ({ client: name, site })),
    // Baselines are compared at the end; on the way each client reports on its own model.
    arms: row.purpose === 'evaluation' ? ['federated', ...submission.spec.baselines] : ['federated'],
    minContributions: submission.spec.aggregation.minContributions,
  });
  const key = { experimentId: submission.id, number: row.number };
  let pending: Decision = { kind: 'wait' };
  if (row.stage !== 'planned') {
    pending = machine.apply({ kind: 'opened', cohort: await listCohort(db, key) });
    pending = replay(machine, await roundHistory(db, key), pending);
    if (row.closedAt !== null) {
      machine.apply({ kind: 'timed-out' });
      pending = { kind: 'wait' };
    }
  }
  return {
    submission,
    machine,
    global: globalOf(row),
    examples: new Map(clients.map(({ name, trainExamples }) => [name, trainExamples])),
    pending,
  };
}

function replay(machine: Round, history: RoundHistory, opened: Decision): Decision {
  let decision = opened;
  const apply = (event: Parameters<Round['apply']>[0]) => {
    const next = machine.apply(event);
    if (next.kind !== 'wait') decision = next;
  };
  for (const { client, direction, outcome } of history.crossings) {
    const answer = crossingAnswer(direction, outcome);
    if (answer !== undefined) apply({ kind: 'answered', client, answer });
  }
  const answers = { accepted: 'contributed', refused: 'refused', withheld: 'withheld' } as const;
  for (const { client, verdict } of history.verdicts) apply({ kind: 'answered', client, answer: answers[verdict] });
  for (const { client, arm } of history.evaluations) apply({ kind: 'evaluated', client, arm });
  return decision;
}

/** What a crossing alone says of its client's part; a delivered upload waits for its verdict. */
export function crossingAnswer(direction: 'uplink' | 'downlink', outcome: 'delivered' | 'lost'): Answer | undefined {
  if (outcome === 'lost') return direction === 'uplink' ? 'upload-lost' : 'download-lost';
  return direction === 'downlink' ? 'downloaded' : undefined;
}

function globalOf(row: RoundRow): CurrentRound['global'] {
  return { digest: row.globalBeforeDigest as Digest, bytes: row.globalBeforeBytes };
}

/** What an upload of this client must be to count. */
export function expectationOf({ submission, global, examples }: CurrentRound, client: string): UploadExpectation {
  return {
    manifest: submission.base.shared.manifest,
    global: global.digest,
    examples: examples.get(client),
  };
}
