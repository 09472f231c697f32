import { composeRound } from '#radio';
import type { RoundFigures } from '#storage';
import type { Findings } from './audit-report.ts';
import { checkLeftOut, checkRewards, checkUntuned, groupScores } from './check-rewards.ts';
import { COVERED_TABLES, number, placeOf, text, type Columns, type History } from './history.ts';

/** The numbers in the tables add up: examples, weights, accuracies, and the figures that a round is shown with. */
export function checkFigures(history: History, shown: readonly RoundFigures[], findings: Findings): void {
  const clients = new Map(history.rows.client.map((row) => [text(row, 'name'), row]));
  const rounds = new Map(history.rows.round.map((row) => [number(row, 'number'), row]));
  for (const row of history.rows.contribution) checkContribution(row, clients, rounds, findings);
  checkLeftOut(history, findings);
  const scores = groupScores(history);
  for (const row of history.rows.evaluation) {
    checkUntuned(history, row, findings);
    if (row['reward'] === null || row['reward'] === undefined) checkEvaluation(row, clients, findings);
    else checkRewards(history, row, scores, findings);
  }
  for (const figures of shown) checkRound(history, figures, findings);
}

function checkContribution(
  row: Columns,
  clients: ReadonlyMap<string, Columns>,
  rounds: ReadonlyMap<number, Columns>,
  findings: Findings,
): void {
  if (text(row, 'verdict') !== 'accepted') return;
  const round = number(row, 'round');
  const place = placeOf('contribution', row, COVERED_TABLES.contribution);
  const enrolled = number(clients.get(text(row, 'client')) ?? {}, 'train_examples');
  const examples = number(row, 'examples');
  if (examples !== enrolled)
    findings.add({
      code: 'figures.examples',
      place,
      round,
      message: `${examples} examples, enrolled were ${enrolled}`,
    });
  if (number(row, 'weight') !== examples)
    findings.add({
      code: 'figures.weight',
      place,
      round,
      message: `weight ${number(row, 'weight')} of ${examples} examples`,
    });
  const before = text(rounds.get(round) ?? {}, 'global_before_digest');
  if (text(row, 'answers') !== before)
    findings.add({
      code: 'figures.base',
      place,
      round,
      message: `it started from ${text(row, 'answers')}, the round from ${before}`,
    });
}

function checkEvaluation(row: Columns, clients: ReadonlyMap<string, Columns>, findings: Findings): void {
  const client = clients.get(text(row, 'client')) ?? {};
  const round = number(row, 'after_round') + 1;
  const place = placeOf('evaluation', row, COVERED_TABLES.evaluation);
  for (const set of ['personal', 'general'] as const) {
    // A model that learns from rewards has no accuracy, and one whose reward models were away has no figures at all.
    if (row[`${set}_accuracy`] === null || row[`${set}_accuracy`] === undefined) continue;
    const correct = number(row, `${set}_correct`);
    const examples = number(row, `${set}_examples`);
    const enrolled = number(client, `${set}_test_examples`);
    const accuracy = examples === 0 ? 0 : correct / examples;
    if (number(row, `${set}_accuracy`) !== accuracy) {
      findings.add({
        code: 'figures.accuracy',
        place,
        round,
        message: `${set}_accuracy is ${number(row, `${set}_accuracy`)}, ${correct} of ${examples} are ${accuracy}`,
      });
    }
    if (examples !== enrolled) {
      findings.add({
        code: 'figures.examples',
        place,
        round,
        message: `${set}_examples is ${examples}, enrolled were ${enrolled}`,
      });
    }
  }
}

/** Sums of doubles in another order may differ in their last digits. */
const RELATIVE = 1e-9;

function checkRound({ rows }: History, shown: RoundFigures, findings: Findings): void {
  const { round } = shown;
  const crossings = rows.transmission.filter((row) => number(row, 'round') === round);
  const cost = composeRound(
    crossings.map((row) => ({
      client: text(row, 'client'),
      delayMs: number(row, 'delay_ms'),
      airtimeMs: number(row, 'airtime_ms'),
      energyJ: number(row, 'energy_j'),
    })),
  );
  const count = (direction: string, outcome: string) =>
    crossings.filter((row) => text(row, 'direction') === direction && text(row, 'outcome') === outcome).length;
  const pairs: readonly (readonly [string, number, number])[] = [
    ['airtimeMs', shown.airtimeMs, cost.airtimeMs],
    ['delayMs', shown.delayMs, cost.delayMs],
    ['energyJ', shown.energyJ, cost.energyJ],
    ['delivered.uplink', shown.delivered.uplink, count('uplink', 'delivered')],
    ['delivered.downlink', shown.delivered.downlink, count('downlink', 'delivered')],
    ['lost.uplink', shown.lost.uplink, count('uplink', 'lost')],
    ['lost.downlink', shown.lost.downlink, count('downlink', 'lost')],
  ];
  for (const [name, figure, sum] of pairs) {
    if (Math.abs(figure - sum) <= RELATIVE * Math.max(1, Math.abs(sum))) continue;
    findings.add({
      code: 'figures.round',
      place: `round number=${round}`,
      round,
      message: `${name} is shown as ${figure}, its rows add up to ${sum}`,
    });
  }
}
