import { CohortMember } from '../entities/cohort-member.ts';
import type { Connection } from '../connection.ts';
import type { RoundKey } from './change-round.ts';

/** A round that made a new global model while channels were left out. */
export interface SparseRound {
  readonly number: number;
  readonly globalBeforeDigest: string;
  readonly globalAfterDigest: string;
  readonly channelOrder: string;
  /** The largest part of the channels that anyone kept whose upload counts. */
  readonly keep: number;
}

/** The committed rounds before `before` in which channels were left out, in order. */
export function listSparseRounds(db: Connection, experimentId: string, before: number): Promise<SparseRound[]> {
  return db.query<SparseRound[]>(
    `SELECT r.number, r.global_before_digest AS "globalBeforeDigest", r.global_after_digest AS "globalAfterDigest",
        r.channel_order AS "channelOrder", max(m.keep) AS keep
      FROM airtune.round AS r
        JOIN airtune.contribution AS c ON c.experiment_id = r.experiment_id AND c.round = r.number AND c.verdict = 'accepted'
        JOIN airtune.cohort_member AS m ON m.experiment_id = r.experiment_id AND m.round = r.number AND m.client = c.client
      WHERE r.experiment_id = $1 AND r.number < $2 AND r.stage = 'committed'
        AND r.channel_order IS NOT NULL
      GROUP BY r.experiment_id, r.number ORDER BY r.number`,
    [experimentId, before],
  );
}

/** What part of the channels a client was to keep; undefined when it is not in the cohort, or all were sent. */
export async function findKeep(
  db: Connection,
  { experimentId, number, client }: RoundKey & { readonly client: string },
): Promise<number | undefined> {
  return (await db.findOneBy(CohortMember, { experimentId, round: number, client }))?.keep ?? undefined;
}
