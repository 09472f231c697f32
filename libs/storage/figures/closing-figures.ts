import type { Connection } from '../connection.ts';
import { clientFigures, type ClientFigures } from './client-figures.ts';
import { findExperiment } from './experiments.ts';
import { rewardGain, type RewardGain } from './reward-gain.ts';
import { roundFigures, type UploadSizes } from './round-figures.ts';

interface Change {
  readonly mean: number | null;
  readonly first: number | null;
}

/** Means over the clients, of standardised scores: by the spec's weights, by each client's own, and of each reward. */
export interface RewardFigures extends Change {
  readonly weighted: Change;
  readonly components: Readonly<Record<string, Change>>;
  readonly gain?: RewardGain;
  /** Of the decoders that clients tuned for themselves, where they did: by their own weights, and over what the shared one earns. */
  readonly own?: { readonly weighted: number | null; readonly gain?: RewardGain };
}

/**
 * What a finished experiment comes to. Accuracies are fractions of 1, `first` is before training; times are simulated.
 * Where no client was evaluated in time, an accuracy is null.
 */
export interface ClosingFigures {
  readonly experiment: string;
  readonly rounds: number;
  readonly globalDigest: string;
  readonly metrics: {
    readonly personalAccuracy: {
      readonly mean: number | null;
      readonly worst: number | null;
      readonly first: number | null;
    };
    readonly generalAccuracy: { readonly mean: number | null; readonly first: number | null };
    /** Where the method learns from rewards. */
    readonly reward?: RewardFigures;
  };
  readonly cost: {
    readonly uplinkBytes: number;
    readonly downlinkBytes: number;
    readonly airtimeMs: number;
    readonly energyJ: number;
    /** Where channels are left out. */
    readonly uploads?: UploadSizes;
  };
  readonly lost: { readonly uplink: number; readonly downlink: number };
  readonly clients: readonly ClientFigures[];
}

/** Sums up a finished experiment, over the clients that were evaluated. */
export async function closingFigures(db: Connection, id: string): Promise<ClosingFigures> {
  const experiment = await findExperiment(db, id);
  const rounds = await roundFigures(db, id);
  const clients = await clientFigures(db, id);
  const total = (figure: (round: (typeof rounds)[number]) => number): number =>
    rounds.reduce((sum, round) => sum + figure(round), 0);
  const measured = (figure: (client: ClientFigures) => number | null): number[] =>
    clients.map(figure).filter((value) => value !== null);
  const personal = measured(({ personalAccuracy }) => personalAccuracy);
  return {
    experiment: id,
    rounds: experiment.rounds,
    globalDigest: experiment.globalDigest,
    metrics: {
      personalAccuracy: {
        mean: mean(personal),
        worst: personal.length === 0 ? null : Math.min(...personal),
        first: mean(measured(({ personalAccuracyFirst }) => personalAccuracyFirst)),
      },
      generalAccuracy: {
        mean: mean(measured(({ generalAccuracy }) => generalAccuracy)),
        first: mean(measured(({ generalAccuracyFirst }) => generalAccuracyFirst)),
      },
      ...rewardsOf(clients),
    },
    cost: {
      uplinkBytes: total(({ uplinkBytes }) => uplinkBytes),
      downlinkBytes: total(({ downlinkBytes }) => downlinkBytes),
      airtimeMs: total(({ airtimeMs }) => airtimeMs),
      energyJ: total(({ energyJ }) => energyJ),
      ...(rounds.some(({ uploads }) => uploads !== undefined)
        ? {
            uploads: {
              bytes: total(({ uploads }) => uploads?.bytes ?? 0),
              denseBytes: total(({ uploads }) => uploads?.denseBytes ?? 0),
            },
          }
        : {}),
    },
    lost: { uplink: total(({ lost }) => lost.uplink), downlink: total(({ lost }) => lost.downlink) },
    clients,
  };
}

function rewardsOf(clients: readonly ClientFigures[]): { readonly reward?: RewardFigures } {
  const last = clients.flatMap(({ reward }) => reward ?? []);
  const first = clients.flatMap(({ rewardFirst }) => rewardFirst ?? []);
  if (last.length === 0) return {};
  const change = (figure: (reward: (typeof last)[number]) => number | undefined): Change => {
    const over = (rewards: typeof last) => mean(rewards.flatMap((reward) => figure(reward) ?? []));
    return { mean: over(last), first: over(first) };
  };
  const gain = rewardGain(clients);
  const names = [...new Set(last.flatMap(({ components }) => Object.keys(components)))].sort();
  return {
    reward: {
      ...change((reward) => reward.mean),
      weighted: change(({ weighted }) => weighted),
      components: Object.fromEntries(names.map((name) => [name, change(({ components }) => components[name])])),
      ...(gain === undefined ? {} : { gain }),
      ...ownRewards(clients),
    },
  };
}

function ownRewards(clients: readonly ClientFigures[]): Pick<RewardFigures, 'own'> {
  const owners = clients.filter(({ own }) => own !== null);
  if (owners.length === 0) return {};
  const weighted = mean(owners.flatMap(({ own }) => own?.reward?.weighted ?? []));
  const gain = rewardGain(owners.map(({ own, reward }) => ({ reward: own?.reward ?? null, rewardFirst: reward })));
  return { own: { weighted, ...(gain === undefined ? {} : { gain }) } };
}

function mean(values: readonly number[]): number | null {
  return values.length === 0 ? null : values.reduce((sum, value) => sum + value, 0) / values.length;
}
