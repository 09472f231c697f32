import type { ClientFigures, RoundFigures } from '#storage';
import { readHistory, type ExperimentHistory } from '../history/experiment-history.ts';
import type { Console } from '../progress/console.ts';
import { plainTable } from '../progress/plain-table.ts';
import { bytes, count, duration, percent } from '../progress/figures.ts';
import type { CoordinatorAddress } from '../remote/coordinator-client.ts';
import type { Settings } from '../settings.ts';

/** Prints what the record has of one experiment: rounds, clients, transmissions. */
export async function show(
  id: string,
  options: { readonly json: boolean },
  settings: Settings,
  coordinator: CoordinatorAddress | undefined,
  console: Console,
): Promise<void> {
  const history = await readHistory(id, settings, coordinator);
  if (options.json) {
    console.stdout.write(`${JSON.stringify(history)}\n`);
    return;
  }
  const { experiment, rounds, clients, transmissions } = history;
  const failure = experiment.failureMessage === null ? '' : `: ${experiment.failureMessage}`;
  console.stdout.write(
    [
      `${experiment.id} · ${experiment.method} · ${experiment.state}${failure} · submitted ${experiment.submittedAt}`,
      `global model ${experiment.globalDigest}`,
      '',
      roundTable(rounds),
      '',
      clientTable(clients),
      '',
      transmissionTable(transmissions),
      '',
    ].join('\n'),
  );
}

function roundTable(rounds: readonly RoundFigures[]): string {
  const learnsFromRewards = rounds.some(({ reward, policy }) => reward !== undefined || policy !== undefined);
  const head = [
    'round',
    'stage',
    'up',
    'down',
    'lost',
    'refused',
    'airtime',
    'delay',
    'energy',
    'loss',
    ...(learnsFromRewards ? ['own reward', 'KL', 'distance²'] : ['personal', 'general']),
  ];
  const rows = rounds.map((round) => [
    String(round.round),
    round.stage,
    bytes(round.uplinkBytes),
    bytes(round.downlinkBytes),
    String(round.lost.uplink + round.lost.downlink),
    String(round.refused),
    duration(round.airtimeMs),
    duration(round.delayMs),
    `${round.energyJ.toFixed(2)} J`,
    round.meanLoss?.toFixed(3) ?? '',
    ...(learnsFromRewards
      ? [round.reward?.weighted, round.policy?.kl, round.policy?.squaredDistance].map(
          (figure) => figure?.toFixed(3) ?? '',
        )
      : [
          round.personalAccuracy === undefined ? '' : percent(round.personalAccuracy.mean),
          round.generalAccuracy === undefined ? '' : percent(round.generalAccuracy),
        ]),
  ]);
  return plainTable(head, rows);
}

function clientTable(clients: readonly ClientFigures[]): string {
  if (clients.some(({ reward }) => reward !== null)) return rewardTable(clients);
  const head = ['client', 'site', 'examples', 'majority class', 'before', 'after', 'local only'];
  const written = (fraction: number | null): string => (fraction === null ? '' : percent(fraction));
  const rows = clients.map((client) => [
    client.client,
    client.site,
    count(client.trainExamples),
    percent(client.majorityClass),
    written(client.personalAccuracyFirst),
    written(client.personalAccuracy),
    written(client.localOnly),
  ]);
  return plainTable(head, rows);
}

function rewardTable(clients: readonly ClientFigures[]): string {
  const names = [...new Set(clients.flatMap(({ reward }) => Object.keys(reward?.components ?? {})))].sort();
  const owning = clients.some(({ own }) => own !== null);
  const rows = clients.map(({ client, site, trainExamples, reward, rewardFirst, own }) => [
    client,
    site,
    count(trainExamples),
    rewardFirst?.weighted.toFixed(3) ?? '',
    reward?.weighted.toFixed(3) ?? '',
    ...names.map((name) => reward?.components[name]?.toFixed(3) ?? ''),
    ...(owning ? [own?.reward?.weighted.toFixed(3) ?? '', own === null ? '' : decoderOf(own)] : []),
  ]);
  const head = ['client', 'site', 'instructions', 'own reward before', 'after', ...names];
  return plainTable([...head, ...(owning ? ['own decoder', 'its digest'] : [])], rows);
}

/** By its digest, and why it is the shared one where it is. */
function decoderOf({ digest, untuned }: NonNullable<ClientFigures['own']>): string {
  return untuned === null ? digest : `${digest}, the shared one: ${untuned}`;
}

function transmissionTable(transmissions: ExperimentHistory['transmissions']): string {
  const head = ['round', 'client', 'direction', 'mean SNR', 'size', 'blocks', 'attempts', 'delay', 'energy', 'outcome'];
  const rows = transmissions.map((crossing) => [
    String(crossing.round),
    crossing.client,
    crossing.direction,
    `${crossing.meanSnrDb.toFixed(1)} dB`,
    bytes(crossing.bits / 8),
    String(crossing.blocks),
    String(crossing.attempts),
    duration(crossing.delayMs),
    `${crossing.energyJ.toFixed(2)} J`,
    crossing.reason === null ? crossing.outcome : `${crossing.outcome}: ${crossing.reason}`,
  ]);
  return plainTable(head, rows);
}
