import type { Connection } from '../connection.ts';
import type { RoundKey } from './change-round.ts';

/** What the record knows of a round that began before this process: enough to go on with it. */
export interface RoundHistory {
  /** Clients whose transfer in one direction ended so. */
  readonly crossings: readonly {
    readonly client: string;
    readonly direction: 'uplink' | 'downlink';
    readonly outcome: 'delivered' | 'lost';
  }[];
  readonly verdicts: readonly {
    readonly client: string;
    readonly verdict: 'accepted' | 'refused' | 'withheld';
    readonly digest: string | null;
  }[];
  /** Evaluations that belong to the round: of the models that the round before it left. */
  readonly evaluations: readonly { readonly client: string; readonly arm: string }[];
}

/** Reads a round's facts in the order in which they were recorded, as far as that matters: verdicts are. */
export async function roundHistory(db: Connection, { experimentId, number }: RoundKey): Promise<RoundHistory> {
  const key = [experimentId, number];
  return {
    crossings: await db.query<RoundHistory['crossings']>(
      'SELECT client, direction, outcome FROM airtune.transmission WHERE experiment_id = $1 AND round = $2',
      key,
    ),
    verdicts: await db.query<RoundHistory['verdicts']>(
      'SELECT client, verdict, digest FROM airtune.contribution WHERE experiment_id = $1 AND round = $2 ORDER BY id',
      key,
    ),
    evaluations: await db.query<RoundHistory['evaluations']>(
      'SELECT client, arm FROM airtune.evaluation WHERE experiment_id = $1 AND after_round = $2::int - 1',
      key,
    ),
  };
}
