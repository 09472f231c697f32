import { roundFigures, StorageError, type BlobStore, type ExperimentRecord } from '#storage';
import { Findings, type AuditReport, type RoundReport } from './audit-report.ts';
import { checkFigures } from './check-figures.ts';
import { checkGlobals } from './check-globals.ts';
import { checkProfiles } from './check-profiles.ts';
import { compareRows } from './compare-rows.ts';
import { compareWitnesses, type Witness } from './compare-witnesses.ts';
import { number, readHistory, text, type Columns, type Entry, type History } from './history.ts';
import { replayAggregation } from './replay-aggregation.ts';
import { replayChannels, type ReplayedChannels } from './replay-channels.ts';
import { replayRadio } from './replay-radio.ts';
import { replayRounds } from './replay-rounds.ts';
import { verifyChain } from './verify-chain.ts';
import { verifySignatures } from './verify-signatures.ts';

/** Where an experiment's history lies: the record, the coordinator's blobs, and what sites have kept. */
export interface AuditPlace {
  readonly record: ExperimentRecord;
  readonly blobs: BlobStore;
  readonly witnesses?: readonly Witness[];
}

/**
 * Verifies an experiment's history from beginning to end: the chain and its signatures, each row against the entry that
 * covers it, what sites signed and saw, every crossing from the seed, every round from its facts, every order of channels
 * from the rounds before it, every global model from its contributions and as it is stored, and the sums. Reads only. Throws `storage.experiment-unknown`.
 */
export async function auditExperiment(id: string, { record, blobs, witnesses = [] }: AuditPlace): Promise<AuditReport> {
  const { history, shown } = await record.transaction(async (db) => {
    const found = await readHistory(db, id);
    if (found === undefined) throw new StorageError('storage.experiment-unknown', `There is no experiment "${id}".`);
    return { history: found, shown: await roundFigures(db, id) };
  });
  const findings = new Findings();
  const head = verifyChain(history, findings);
  compareRows(history, findings);
  compareWitnesses(history, witnesses, findings);
  verifySignatures(history, findings);
  replayRadio(history, findings);
  replayRounds(history, findings);
  checkProfiles(history, findings);
  checkFigures(history, shown, findings);
  const closings = new Map(history.entries.filter(isClosing).map((entry) => [number(entry.covers, 'number'), entry]));
  const aggregates = new Map<number, RoundReport['aggregate']>();
  const channels = await replayChannels(history, blobs, findings);
  for (const [round, entry] of closings)
    aggregates.set(round, await aggregated(history, { blobs, channels }, entry, findings));
  await checkGlobals(history, blobs, findings);
  return {
    experiment: id,
    state: text(history.experiment, 'state'),
    verdict: findings.all.length === 0 ? 'intact' : 'touched',
    head,
    signedBy: [...new Set(history.entries.map(({ signedBy }) => signedBy))],
    rounds: roundsOf(history).map((row) => reportOf(history, row, aggregates, findings)),
    findings: findings.all,
    notReplayed: findings.notReplayed,
    witnesses: witnesses.map(({ site, heads }) => ({ site, heads: heads.length })),
    checked: findings.counted,
  };
}

function isClosing({ kind }: Entry): boolean {
  return kind === 'round.committed' || kind === 'round.abandoned' || kind === 'round.evaluated';
}

function aggregated(
  history: History,
  stores: { readonly blobs: BlobStore; readonly channels: ReplayedChannels | undefined },
  entry: Entry,
  findings: Findings,
) {
  if (entry.kind !== 'round.committed') return Promise.resolve('nothing to aggregate' as const);
  return replayAggregation(history, stores, entry, findings);
}

function roundsOf({ rows }: History): readonly Columns[] {
  return [...rows.round].sort((a, b) => number(a, 'number') - number(b, 'number'));
}

function reportOf(
  { rows }: History,
  row: Columns,
  aggregates: ReadonlyMap<number, RoundReport['aggregate']>,
  findings: Findings,
): RoundReport {
  const round = number(row, 'number');
  const own = (table: readonly Columns[]) => table.filter((one) => number(one, 'round') === round);
  const verdicts = own(rows.contribution).map((one) => text(one, 'verdict'));
  return {
    round,
    stage: text(row, 'stage'),
    timedOut: row['timed_out'] === true,
    missing: row['timed_out'] === true ? (row['missing_clients'] as string[]) : [],
    crossings: own(rows.transmission).length,
    lost: own(rows.transmission).filter((one) => text(one, 'outcome') === 'lost').length,
    contributions: verdicts.filter((verdict) => verdict === 'accepted').length,
    refused: verdicts.filter((verdict) => verdict === 'refused').length,
    aggregate: aggregates.get(round) ?? 'not closed',
    findings: findings.ofRound(round),
  };
}
