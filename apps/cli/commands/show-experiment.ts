import {
  clientFigures,
  findExperiment,
  listTransmissions,
  openRecord,
  roundFigures,
  type ClientFigures,
  type RoundFigures,
} from '#storage';
import type { Console } from '../progress/console.ts';
import { plainTable } from '../progress/describe-run.ts';
import { bytes, count, duration, percent } from '../progress/figures.ts';
import type { Settings } from '../settings.ts';

/** Prints what the record has of one experiment: rounds, clients, transmissions. */
export async function show(
  id: string,
  options: { readonly json: boolean },
  settings: Settings,
  console: Console,
): Promise<void> {
  const record = await openRecord({ ...settings, access: 'shared' });
  try {
    const [experiment, rounds, clients, transmissions] = await record.use(async (db) => [
      await findExperiment(db, id),
      await roundFigures(db, id),
      await clientFigures(db, id),
      await listTransmissions(db, id),
    ]);
    if (options.json) {
      console.stdout.write(`${JSON.stringify({ experiment, rounds, clients, transmissions })}\n`);
      return;
    }
    const failure = experiment.failureMessage === null ? '' : `: ${experiment.failureMessage}`;
    console.stdout.write(
      [
        `${experiment.id} · ${experiment.method} · ${experiment.state}${failure} · submitted ${experiment.submittedAt.toISOString()}`,
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
  } finally {
    await record.close();
  }
}

function roundTable(rounds: readonly RoundFigures[]): string {
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
    'personal',
    'general',
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
    round.personalAccuracy === undefined ? '' : percent(round.personalAccuracy.mean),
    round.generalAccuracy === undefined ? '' : percent(round.generalAccuracy),
  ]);
  return plainTable(head, rows);
}

function clientTable(clients: readonly ClientFigures[]): string {
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

function transmissionTable(transmissions: Awaited<ReturnType<typeof listTransmissions>>): string {
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
