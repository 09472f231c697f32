import { evaluatedArms, Round, type Answer, type Decision, type UploadExpectation } from '#federation';
import type { Digest } from '#parameters';
import {
  type Connection,
  latestRound,
  listClients,
  listCohort,
  roundHistory,
  type RoundHistory,
  type RoundRow,
} from '#storage';
import type { Submission } from './submissions.ts';

/** What the coordinator keeps of a client while rounds last. */
export interface EnrolledClient {
  readonly name: string;
  readonly site: string;
  readonly trainExamples: number;
  readonly publicKey: string | null;
}

/** The round that an experiment is in: the state machine, and what uploads are measured against. */
export interface CurrentRound {
  readonly machine: Round;
  readonly global: { readonly digest: Digest; readonly bytes: number };
  readonly clients: ReadonlyMap<string, EnrolledClient>;
  /** The uploads of this round that have their verdict, by {@link uploadKey}. */
  readonly judged: Set<string>;
  /** What the facts so far amount to: other than `wait` between the last answer and its effect. */
  pending: Decision;
}

/** A round that is planned and no more. */
export function plannedRound(
  { spec }: Submission,
  clients: ReadonlyMap<string, EnrolledClient>,
  round: Pick<RoundRow, 'number' | 'purpose' | 'globalBeforeDigest' | 'globalBeforeBytes'>,
): CurrentRound {
  const machine = new Round({
    number: round.number,
    purpose: round.purpose,
    candidates: [...clients.values()].map(({ name, site }) => ({ client: name, site })),
    arms: evaluatedArms(spec, round.purpose),
    minContributions: spec.aggregation.minContributions,
  });
  const global = { digest: round.globalBeforeDigest as Digest, bytes: round.globalBeforeBytes };
  return { machine, global, clients, judged: new Set(), pending: { kind: 'wait' } };
}

/** The latest round from the facts in the record; undefined before the first. */
export async function restoreRound(db: Connection, submission: Submission): Promise<CurrentRound | undefined> {
  const row = await latestRound(db, submission.id);
  if (row === undefined) return undefined;
  const clients = await listClients(db, submission.id);
  const current = plannedRound(submission, new Map(clients.map((client) => [client.name, client])), row);
  const { machine } = current;
  const key = { experimentId: submission.id, number: row.number };
  if (row.stage === 'planned') return current;
  const opened = machine.apply({ kind: 'opened', cohort: await listCohort(db, key) });
  current.pending = replay(current, await roundHistory(db, key), opened);
  if (row.closedAt !== null) {
    machine.apply({ kind: 'timed-out' });
    current.pending = { kind: 'wait' };
  }
  return current;
}

function replay({ machine, judged }: CurrentRound, history: RoundHistory, opened: Decision): Decision {
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
  for (const { client, verdict, digest } of history.verdicts) {
    apply({ kind: 'answered', client, answer: answers[verdict] });
    if (digest !== null) judged.add(uploadKey(client, digest));
  }
  for (const { client, arm } of history.evaluations) apply({ kind: 'evaluated', client, arm });
  return decision;
}

export function uploadKey(client: string, digest: string): string {
  return `${client} ${digest}`;
}

/** What a crossing alone says of its client's part; a delivered upload waits for its verdict. */
export function crossingAnswer(direction: 'uplink' | 'downlink', outcome: 'delivered' | 'lost'): Answer | undefined {
  if (outcome === 'lost') return direction === 'uplink' ? 'upload-lost' : 'download-lost';
  return direction === 'downlink' ? 'downloaded' : undefined;
}

/** What an upload of this client must claim to count. */
export function expectationOf({ global, clients }: CurrentRound, client: string): UploadExpectation {
  return { global: global.digest, examples: clients.get(client)?.trainExamples };
}

/** Whether the record has the round and the client that a fact names. */
export function isKnown(current: CurrentRound, fact: { readonly client: string; readonly round: number }): boolean {
  return fact.round >= 1 && fact.round <= current.machine.plan.number && current.clients.has(fact.client);
}
