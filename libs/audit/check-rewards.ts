import { rewardModels, rewardsByServices } from '#contracts';
import { canonicalJson } from '#ledger';
import { ownIterations } from '#methods';
import type { RecordedReward } from '#storage';
import type { Findings } from './audit-report.ts';
import { COVERED_TABLES, number, placeOf, text, type Columns, type History } from './history.ts';

/** Sums of doubles in another order may differ in their last digits. */
const RELATIVE = 1e-9;

/** A round was judged without those whose models had not said that they were there, and without nobody else. */
export function checkLeftOut({ spec, rows, entries }: History, findings: Findings): void {
  const services = rewardsByServices(spec.rewards);
  if (services.length === 0) return;
  for (const { kind, covers, entry } of entries) {
    if (kind !== 'round.opened') continue;
    const round = number(covers, 'number');
    const present = new Set(
      rows.reward_presence
        .filter((row) => number(row, 'round') === round && (row['refused'] ?? null) === null)
        .map((row) => text(row, 'model')),
    );
    const away = services.filter(({ model }) => !present.has(model)).map(({ reward }) => reward);
    const said = (covers['left_out_rewards'] ?? []) as readonly string[];
    if (away.sort().join() === said.join()) continue;
    const message = `it was judged without ${said.join(', ') || 'none'}; away were ${away.join(', ') || 'none'}`;
    findings.add({ code: 'figures.left-out', place: `round number=${round}`, entry, round, message });
  }
}

/** Scores by round, iteration, client and reward. */
export type ScoreGroups = ReadonlyMap<string, readonly Columns[]>;

export function groupScores({ rows }: History): ScoreGroups {
  return Map.groupBy(rows.score, (score) =>
    nameOf(number(score, 'round'), number(score, 'iteration'), score, text(score, 'reward')),
  );
}

function nameOf(round: number, iteration: number, row: Columns, reward: string): string {
  return `${round} ${iteration} ${text(row, 'client')} ${reward}`;
}

/**
 * The iteration whose scores an evaluation is made of: 0 is that of what was downloaded, and what a client tuned for itself
 * comes after all by which it may have. Undefined where scores do not say of which model they were: baselines are evaluated
 * under one iteration with what is shared, and who did not tune repeats what that earned.
 */
function iterationOf({ spec }: History, evaluation: Columns): number | undefined {
  if (text(evaluation, 'arm') !== 'own') return spec.baselines.length === 0 ? 0 : undefined;
  const isTuned = (evaluation['untuned_reason'] ?? null) === null;
  return isTuned && ownIterations(spec) > 0 ? ownIterations(spec) + 1 : undefined;
}

/** A client that did not tune for itself holds what is shared, to the bit, and earns what that earns. */
export function checkUntuned({ rows }: History, own: Columns, findings: Findings): void {
  if ((own['untuned_reason'] ?? null) === null) return;
  const shared = rows.evaluation.find(
    (row) =>
      text(row, 'arm') === 'federated' &&
      text(row, 'client') === text(own, 'client') &&
      number(row, 'after_round') === number(own, 'after_round'),
  );
  for (const column of ['shared_digest', 'personal_digest', 'reward']) {
    const [said, expected] = [own, shared].map((row) => canonicalJson(row?.[column] ?? null));
    if (said === expected) continue;
    findings.add({
      code: 'figures.untuned',
      place: placeOf('evaluation', own, COVERED_TABLES.evaluation),
      round: number(own, 'after_round') + 1,
      message: `it kept what is shared, and its ${column} is not that of what is shared`,
    });
  }
}

/**
 * What an evaluation says of rewards: each is the mean of its scores in the record, and its sums are those by the spec's
 * weights and by the client's own, as its profile had them in that round.
 */
export function checkRewards(history: History, row: Columns, scores: ScoreGroups, findings: Findings): void {
  const reward = row['reward'] as RecordedReward;
  const round = number(row, 'after_round') + 1;
  const models = Object.entries(rewardModels(history.spec.rewards));
  const own = weightsOf(history, text(row, 'client'), round);
  const sum = (weightOf: (name: string, weight: number) => number): number =>
    models.reduce((total, [name, { weight }]) => total + weightOf(name, weight) * (reward.components[name] ?? 0), 0);
  const figures: (readonly [string, number, number])[] = [
    ['mean', reward.mean, sum((_, weight) => weight)],
    ['weighted', reward.weighted, sum((name, weight) => own[name] ?? weight)],
  ];
  const iteration = iterationOf(history, row);
  if (iteration !== undefined)
    for (const [name, said] of Object.entries(reward.components))
      figures.push([name, said, meanOfScores(history, scores.get(nameOf(round, iteration, row, name)) ?? [], reward)]);
  for (const [name, said, expected] of figures) {
    // Also false of NaN, where scores are missing.
    if (Math.abs(said - expected) <= RELATIVE * Math.max(1, Math.abs(expected))) continue;
    findings.add({
      code: 'figures.reward',
      place: placeOf('evaluation', row, COVERED_TABLES.evaluation),
      round,
      message: `its ${name} reward is ${said}, by the record it is ${expected}`,
    });
  }
}

function weightsOf({ spec, rows }: History, client: string, round: number): Readonly<Record<string, number>> {
  const [inForce] = rows.client_profile
    .filter((row) => text(row, 'client') === client && number(row, 'effective_from_round') <= round)
    .sort((a, b) => number(b, 'version') - number(a, 'version'));
  const weights = inForce?.['reward_weights'] as Readonly<Record<string, number>> | null | undefined;
  return weights ?? spec.profiles[client]?.rewards ?? {};
}

/** The mean over scores as they count, within the limit, and empty completions; NaN where scores are missing. */
function meanOfScores({ spec }: History, rows: readonly Columns[], reward: RecordedReward): number {
  const { scoreLimit, emptyScore } = spec.ppo;
  const within = (value: number): number => Math.min(scoreLimit, Math.max(-scoreLimit, value));
  const { completions, emptyCompletions } = reward;
  if (rows.length + emptyCompletions !== completions) return NaN;
  const sum = rows.reduce((total, score) => total + within(number(score, 'standardised')), 0);
  return (sum + emptyCompletions * within(emptyScore)) / completions;
}
