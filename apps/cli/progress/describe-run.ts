import { describeOwn, gainInWords } from './describe-own.ts';
import { bytes, count, duration, percent, points, signed, standardised } from './figures.ts';
import { plainTable } from './plain-table.ts';
import { meanInterval, type ClosingFigures, type RoundFigures } from '#storage';
import type { PlannedClient, RunPlan, RunStatus } from './run-figures.ts';

export function describePlan(plan: RunPlan): string {
  const { model, bytesPerRound } = plan;
  const [first] = plan.clients;
  const shared = first?.parameters.shared ?? 0;
  const personal = plan.clients.map(({ parameters }) => parameters.personal);
  const lines = [
    `experiment  ${plan.experiment}`,
    `method      ${plan.method.name}: ${plan.method.summary}`,
    `model       ${model.path}: ${model.type}, ${model.layers} blocks of ${model.hidden}, ${count(model.parameters)} parameters, frozen`,
    `trained     ${span(personal.map((own) => own + shared))} parameters a client: ${count(shared)} shared, ${span(personal)} personal`,
    `traffic     ${bytes(bytesPerRound.uplink)} up and ${bytes(bytesPerRound.downlink)} down a round, ${plan.rounds} rounds`,
    `link        ${plan.link}`,
    ...plan.notes.map((note) => `note        ${note}`),
    '',
    clientTable(plan),
    ...plan.warnings.map((warning) => `\nwarning: ${warning}`),
  ];
  return lines.join('\n');
}

function clientTable(plan: RunPlan): string {
  const rows = plan.clients.map((client) => [
    client.client,
    count(client.examples.train),
    count(client.examples.personalTest),
    percent(client.majorityClass),
    histogram(client, plan.labels),
  ]);
  const general = [...new Set(plan.clients.map(({ examples }) => count(examples.generalTest)))].join(' or ');
  // Only simulated clients show their labels, and only of them it is certain that they have one test.
  const whose = plan.clients.some(({ labelHistogram }) => labelHistogram !== undefined)
    ? 'the same for all'
    : 'at each site';
  const table = plainTable(['client', 'examples', 'own test', 'majority class', 'labels'], rows);
  return `${table}\ngeneral test: ${general} balanced examples, ${whose}`;
}

/** The commonest labels, which is what tells clients apart. */
function histogram(client: PlannedClient, labels: readonly string[]): string {
  if (client.labelHistogram === undefined) return 'kept at the site';
  const counted = client.labelHistogram
    .map((examples, label) => ({ name: labels[label] ?? String(label), examples }))
    .filter(({ examples }) => examples > 0)
    .sort((a, b) => b.examples - a.examples);
  const shown = counted.slice(0, 4).map(({ name, examples }) => `${name} ${examples}`);
  return [...shown, ...(counted.length > 4 ? [`${counted.length - 4} more`] : [])].join(', ');
}

function span(values: readonly number[]): string {
  if (values.length === 0) return '0';
  const low = Math.min(...values);
  const high = Math.max(...values);
  return low === high ? count(low) : `${count(low)} to ${count(high)}`;
}

export function describeStatus(status: RunStatus): string {
  const parts = [
    status.round > status.rounds ? 'last evaluation' : `round ${status.round} of ${status.rounds}`,
    `${status.training} training`,
    `${status.sending} sending`,
    `${status.lost} lost`,
  ];
  if (status.remainingMs !== undefined) parts.push(`about ${duration(status.remainingMs)} to go`);
  return parts.join(' · ');
}

export function describeRound(figures: RoundFigures, rounds: number): string {
  const width = String(rounds).length;
  const parts = [
    `round ${String(figures.round).padStart(width)}/${rounds}`,
    crossings(figures),
    `airtime ${duration(figures.airtimeMs)}`,
    `${bytes(figures.uplinkBytes)} up ${bytes(figures.downlinkBytes)} down`,
  ];
  if (figures.meanLoss !== undefined) parts.push(`loss ${figures.meanLoss.toFixed(3)}`);
  if (figures.personalAccuracy !== undefined) {
    parts.push(`personal ${percent(figures.personalAccuracy.mean)}, worst ${percent(figures.personalAccuracy.worst)}`);
  }
  if (figures.generalAccuracy !== undefined) parts.push(`general ${percent(figures.generalAccuracy)}`);
  if (figures.reward !== undefined) parts.push(describeReward(figures.reward));
  if (figures.policy !== undefined)
    parts.push(
      `KL to the start ${figures.policy.kl.toFixed(3)} nats, distance ${figures.policy.squaredDistance.toFixed(4)}`,
    );
  if (figures.leftOutRewards.length > 0) parts.push(`without ${figures.leftOutRewards.join(', ')}: away`);
  if (figures.stage === 'abandoned') parts.push(`abandoned: ${figures.reason ?? 'no reason recorded'}`);
  return parts.join(' · ');
}

/** Of more clients than these the mean and the least are said. */
const MOST_CLIENTS = 8;

/** Each reward, then by the clients' own weights: of each where they are few. */
function describeReward({ mean, weighted, components, clients }: NonNullable<RoundFigures['reward']>): string {
  const inOrder = (figures: Readonly<Record<string, number>>) =>
    Object.entries(figures).sort(([left], [right]) => (left < right ? -1 : 1));
  const each = inOrder(components).map(([name, component]) => `${name} ${component.toFixed(3)}`);
  const own = inOrder(clients ?? {});
  const byClient =
    own.length > MOST_CLIENTS
      ? ` (least ${Math.min(...own.map(([, reward]) => reward)).toFixed(3)})`
      : own.length > 0
        ? ` (${own.map(([client, reward]) => `${client} ${reward.toFixed(3)}`).join(', ')})`
        : '';
  return `reward ${[mean.toFixed(3), ...each].join(', ')} · by own weights ${weighted.toFixed(3)}${byClient}`;
}

function crossings({ delivered, lost, missing, withheld, refused }: RoundFigures): string {
  const gone = lost.uplink + lost.downlink;
  const rare = { withheld, refused, 'too late': missing };
  const extra = Object.entries(rare).flatMap(([what, clients]) => (clients > 0 ? [`${clients} ${what}`] : []));
  return [`${delivered.uplink} delivered`, `${gone} lost`, ...extra].join(', ');
}

export function describeClosing(closing: ClosingFigures): string {
  if (closing.metrics.reward !== undefined) return describeRewards(closing, closing.metrics.reward);
  const baseline = closing.clients.some(({ localOnly }) => localOnly !== null);
  const head = ['client', 'majority class', 'before', 'after', ...(baseline ? ['local only', 'difference'] : [])];
  const rows = closing.clients.map((client) => [
    client.client,
    percent(client.majorityClass),
    measured(client.personalAccuracyFirst),
    measured(client.personalAccuracy),
    ...(baseline ? besideLocalOnly(client.personalAccuracy, client.localOnly) : []),
  ]);
  const { personalAccuracy, generalAccuracy } = closing.metrics;
  return [
    plainTable(head, rows),
    '',
    `personalised accuracy  ${measured(personalAccuracy.first)} before, ${measured(personalAccuracy.mean)} after (worst client ${measured(personalAccuracy.worst)})`,
    `general accuracy       ${measured(generalAccuracy.first)} before, ${measured(generalAccuracy.mean)} after`,
    ...(baseline ? [describeDifference(closing)] : []),
    ...costOf(closing),
  ].join('\n');
}

type ClosingReward = NonNullable<ClosingFigures['metrics']['reward']>;

/** What a method that learns from rewards comes to: each client by its own weights, before and after, and each reward. */
function describeRewards(closing: ClosingFigures, reward: ClosingReward): string {
  const names = Object.keys(reward.components);
  const rows = closing.clients.map((client) => [
    client.client,
    standardised(client.rewardFirst?.weighted),
    standardised(client.reward?.weighted),
    gained(client),
    ...names.map((name) => standardised(client.reward?.components[name])),
  ]);
  const change = ({ first, mean }: { readonly first: number | null; readonly mean: number | null }): string =>
    `${standardised(first)} before, ${standardised(mean)} after`;
  return [
    plainTable(['client', 'before', 'after', 'gain', ...names], rows),
    '',
    `reward                 ${change(reward)}`,
    `by own weights         ${change(reward.weighted)}`,
    ...Object.entries(reward.components).map(([name, component]) => `${name.padEnd(22)} ${change(component)}`),
    ...describeGain(reward.gain),
    ...describeOwn(closing, names),
    ...costOf(closing),
  ].join('\n');
}

function gained({ reward, rewardFirst }: ClosingFigures['clients'][number]): string {
  return reward === null || rewardFirst === null ? '' : signed(reward.weighted - rewardFirst.weighted);
}

function describeGain(gain: ClosingReward['gain']): string[] {
  if (gain === undefined) return ['gain                   not measured'];
  return [
    `gain by own weights    ${gainInWords(gain)}`,
    ...(gain.isShown
      ? []
      : ['the gain is NOT beyond its 95 % interval: this run does not show that training raised the reward']),
  ];
}

function costOf({ cost, lost, globalDigest }: ClosingFigures): string[] {
  const { uplinkBytes, downlinkBytes, airtimeMs, energyJ, uploads } = cost;
  return [
    ...(uploads === undefined ? [] : [`uploads                ${besideDense(uploads)}`]),
    `cost                   ${bytes(uplinkBytes)} up, ${bytes(downlinkBytes)} down, airtime ${duration(airtimeMs)}, ${energyJ.toFixed(2)} J`,
    `lost                   ${lost.uplink} uploads, ${lost.downlink} downloads`,
    `global model           ${globalDigest}`,
  ];
}

/** What was sent beside the same run without sparsity. */
function besideDense({ bytes: sent, denseBytes }: NonNullable<ClosingFigures['cost']['uploads']>): string {
  const saved = denseBytes === 0 ? '' : `: ${percent(1 - sent / denseBytes)} less`;
  return `${bytes(sent)} sent, ${bytes(denseBytes)} without sparsity${saved}`;
}

/** Whose evaluation did not come in time has no accuracy. */
function measured(accuracy: number | null): string {
  return accuracy === null ? 'not measured' : percent(accuracy);
}

function besideLocalOnly(after: number | null, localOnly: number | null): string[] {
  return localOnly === null ? ['', ''] : [percent(localOnly), after === null ? '' : points(after - localOnly)];
}

function describeDifference(closing: ClosingFigures): string {
  const differences = closing.clients.flatMap(({ personalAccuracy, localOnly }) =>
    localOnly === null || personalAccuracy === null ? [] : [personalAccuracy - localOnly],
  );
  if (differences.length === 0) return 'against local only     not measured';
  const { mean, low, high, values } = meanInterval(differences);
  const interval =
    low === undefined || high === undefined
      ? 'no interval from one client'
      : `95 % interval ${points(low)} to ${points(high)} over ${values} clients`;
  return `against local only     ${points(mean)} points (${interval})`;
}
