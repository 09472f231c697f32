import { evaluatedArms, Round, type Answer, type Decision, type RoundEvent } from '#federation';
import type { Findings } from './audit-report.ts';
import { cohortOf } from './compare-rows.ts';
import { number, text, type Columns, type Entry, type History } from './history.ts';

/**
 * Every closed round, decided again by the state machine from the facts in the order in which the ledger has them: who took
 * part, who contributed, who was missing, and how it ended. A round that the wall clock closed is decided from what was
 * recorded until then.
 */
export function replayRounds(history: History, findings: Findings): void {
  const open = new Map<number, Play>();
  let global = history.base.shared.initial.digest as string;
  for (const entry of history.entries) {
    const { kind, covers } = entry;
    if (kind === 'round.opened') open.set(number(covers, 'number'), begin(history, covers));
    else if (kind === 'round.committed' || kind === 'round.abandoned' || kind === 'round.evaluated') {
      const played = open.get(number(covers, 'number'));
      if (played === undefined) {
        findings.add({ code: 'round.not-opened', ...whereOf(entry), message: `${kind}, but it was never opened` });
      } else judge(played, entry, findings);
      checkModels(entry, global, findings);
      global = text(covers, 'global_after_digest');
    } else {
      const fact = factOf(entry);
      if (fact !== undefined) for (const play of open.values()) if (play.number === fact.round) take(play, fact.event);
    }
  }
}

interface Play {
  readonly number: number;
  readonly machine: Round;
  decision: Decision;
}

function begin({ spec, rows }: History, opened: Columns): Play {
  const round = number(opened, 'number');
  const purpose = text(opened, 'purpose') === 'evaluation' ? 'evaluation' : 'training';
  const machine = new Round({
    number: round,
    purpose,
    candidates: rows.client.map((row) => ({ client: text(row, 'name'), site: text(row, 'site') })),
    arms: evaluatedArms(spec, purpose),
    minContributions: spec.aggregation.minContributions,
  });
  const cohort = cohortOf(opened).map((row) => ({ client: text(row, 'client'), site: text(row, 'site') }));
  return { number: round, machine, decision: machine.apply({ kind: 'opened', cohort }) };
}

function take(play: Play, event: RoundEvent): void {
  const next = play.machine.apply(event);
  if (next.kind !== 'wait') play.decision = next;
}

/** Refusals that say nothing about the client's part in the round; see the coordinator's `collect-upload.ts`. */
const BESIDE_THE_ROUND = ['wrong-round', 'finished-round', 'not-in-cohort', 'double'];
const ANSWERS: Readonly<Record<string, Answer>> = { accepted: 'contributed', refused: 'refused', withheld: 'withheld' };

/** What an entry means to a round. */
function factOf({ kind, covers }: Entry): { readonly round: number; readonly event: RoundEvent } | undefined {
  const client = text(covers, 'client');
  const round = number(covers, 'round');
  if (kind === 'transmission') {
    const down = text(covers, 'direction') === 'downlink';
    if (text(covers, 'outcome') === 'lost') {
      return { round, event: { kind: 'answered', client, answer: down ? 'download-lost' : 'upload-lost' } };
    }
    return down ? { round, event: { kind: 'answered', client, answer: 'downloaded' } } : undefined;
  }
  if (kind === 'contribution') {
    const answer = ANSWERS[text(covers, 'verdict')];
    if (answer === undefined || BESIDE_THE_ROUND.includes(text(covers, 'reason_code'))) return undefined;
    return { round, event: { kind: 'answered', client, answer } };
  }
  if (kind !== 'evaluation') return undefined;
  return { round: number(covers, 'after_round') + 1, event: { kind: 'evaluated', client, arm: text(covers, 'arm') } };
}

function whereOf({ covers, entry }: Entry): { place: string; entry: number; round: number } {
  const round = number(covers, 'number');
  return { place: `round number=${round}`, entry, round };
}

/** The recorded ending must be what the facts before it come to. */
function judge({ machine, decision: facts }: Play, entry: Entry, findings: Findings): void {
  const { kind, covers } = entry;
  const timedOut = covers['timed_out'] === true;
  const decision = timedOut ? machine.apply({ kind: 'timed-out' }) : facts;
  const expected = { commit: 'round.committed', abandon: 'round.abandoned', conclude: 'round.evaluated' };
  const comesTo = decision.kind in expected ? expected[decision.kind as keyof typeof expected] : undefined;
  if (comesTo !== kind) {
    const why = comesTo === undefined ? 'not all have answered' : `it comes to ${comesTo}`;
    findings.add({
      code: 'round.ending',
      ...whereOf(entry),
      message: `${kind}${timedOut ? ' by the wall clock' : ''}, but by the facts before it ${why}`,
    });
    return;
  }
  const missing = 'missing' in decision ? [...decision.missing].sort() : [];
  const recorded = Array.isArray(covers['missing_clients']) ? [...(covers['missing_clients'] as string[])].sort() : [];
  if (missing.join() !== recorded.join()) {
    findings.add({
      code: 'round.missing',
      ...whereOf(entry),
      message: `recorded as missing: ${recorded.join(', ') || 'nobody'}; by the facts: ${missing.join(', ') || 'nobody'}`,
    });
  }
  if (decision.kind !== 'commit') return;
  const counted = contributionsOf(covers)
    .map(({ client }) => client)
    .sort();
  const contributors = [...decision.contributors].sort();
  if (counted.join() !== contributors.join()) {
    findings.add({
      code: 'round.contributors',
      ...whereOf(entry),
      message: `counted were ${counted.join(', ') || 'nobody'}; by the facts: ${contributors.join(', ') || 'nobody'}`,
    });
  }
}

/** A round starts from what the one before it made; one that did not commit changes nothing. */
function checkModels(entry: Entry, global: string, findings: Findings): void {
  const { covers, kind } = entry;
  const before = text(covers, 'global_before_digest');
  if (before !== global) {
    findings.add({
      code: 'round.model',
      ...whereOf(entry),
      message: `it starts from ${before}, the round before it made ${global}`,
    });
  }
  const after = text(covers, 'global_after_digest');
  if (kind !== 'round.committed' && after !== before) {
    findings.add({
      code: 'round.model',
      ...whereOf(entry),
      message: `${kind}, yet the global model changed to ${after}`,
    });
  }
}

export interface Counted {
  readonly client: string;
  readonly digest: string;
  readonly weight: number;
}

export function contributionsOf(committed: Columns): readonly Counted[] {
  const { contributions } = committed;
  return Array.isArray(contributions) ? (contributions as Counted[]) : [];
}
