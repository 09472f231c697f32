import type { Connection } from '../record.ts';
import { StorageError } from '../storage-error.ts';
import { clientFigures, type ClientFigures } from './client-figures.ts';
import { findExperiment } from './experiments.ts';
import { roundFigures } from './round-figures.ts';

/** What a finished experiment comes to. Accuracies are fractions of 1, `first` is before training; times are simulated. */
export interface ClosingFigures {
  readonly experiment: string;
  readonly rounds: number;
  readonly globalDigest: string;
  readonly metrics: {
    readonly personalAccuracy: { readonly mean: number; readonly worst: number; readonly first: number };
    readonly generalAccuracy: { readonly mean: number; readonly first: number };
  };
  readonly cost: {
    readonly uplinkBytes: number;
    readonly downlinkBytes: number;
    readonly airtimeMs: number;
    readonly energyJ: number;
  };
  readonly lost: { readonly uplink: number; readonly downlink: number };
  readonly clients: readonly ClosingClient[];
}

/** A client whose last evaluation is in. */
export interface ClosingClient extends ClientFigures {
  readonly personalAccuracy: number;
  readonly personalAccuracyFirst: number;
  readonly generalAccuracy: number;
  readonly generalAccuracyFirst: number;
  readonly personalDigest: string;
}

/** Sums up a finished experiment. Throws `storage.experiment-unfinished` when a client has not been evaluated. */
export async function closingFigures(db: Connection, id: string): Promise<ClosingFigures> {
  const experiment = await findExperiment(db, id);
  const rounds = await roundFigures(db, id);
  const clients = (await clientFigures(db, id)).map(evaluated);
  const total = (figure: (round: (typeof rounds)[number]) => number): number =>
    rounds.reduce((sum, round) => sum + figure(round), 0);
  const mean = (figure: (client: ClosingClient) => number): number =>
    clients.reduce((sum, client) => sum + figure(client), 0) / clients.length;
  return {
    experiment: id,
    rounds: experiment.rounds,
    globalDigest: experiment.globalDigest,
    metrics: {
      personalAccuracy: {
        mean: mean(({ personalAccuracy }) => personalAccuracy),
        worst: Math.min(...clients.map(({ personalAccuracy }) => personalAccuracy)),
        first: mean(({ personalAccuracyFirst }) => personalAccuracyFirst),
      },
      generalAccuracy: {
        mean: mean(({ generalAccuracy }) => generalAccuracy),
        first: mean(({ generalAccuracyFirst }) => generalAccuracyFirst),
      },
    },
    cost: {
      uplinkBytes: total(({ uplinkBytes }) => uplinkBytes),
      downlinkBytes: total(({ downlinkBytes }) => downlinkBytes),
      airtimeMs: total(({ airtimeMs }) => airtimeMs),
      energyJ: total(({ energyJ }) => energyJ),
    },
    lost: { uplink: total(({ lost }) => lost.uplink), downlink: total(({ lost }) => lost.downlink) },
    clients,
  };
}

function evaluated(client: ClientFigures): ClosingClient {
  const { personalAccuracy, personalAccuracyFirst, generalAccuracy, generalAccuracyFirst, personalDigest } = client;
  if (
    personalAccuracy === null ||
    personalAccuracyFirst === null ||
    generalAccuracy === null ||
    generalAccuracyFirst === null ||
    personalDigest === null
  ) {
    throw new StorageError('storage.experiment-unfinished', `${client.client} has not been evaluated yet.`);
  }
  return { ...client, personalAccuracy, personalAccuracyFirst, generalAccuracy, generalAccuracyFirst, personalDigest };
}
