import { Contribution } from '../entities/contribution.ts';
import type { Connection } from '../connection.ts';

/** A client's upload of these bytes for this round, if a verdict on it is recorded. */
export async function findContribution(
  db: Connection,
  key: Pick<Contribution, 'experimentId' | 'round' | 'client'> & { readonly digest: string },
): Promise<Contribution | undefined> {
  return (await db.findOneBy(Contribution, { ...key })) ?? undefined;
}

/** The accepted contributions of a round, in no particular order. */
export function listAccepted(db: Connection, experimentId: string, round: number): Promise<Contribution[]> {
  return db.findBy(Contribution, { experimentId, round, verdict: 'accepted' });
}

/** Rounds further back were pruned in their time; a few more, because a process may have ended in between. */
const ROUNDS_AT_ONCE = 3;

/**
 * The blobs of an experiment's contributions up to a round that nothing else refers to: no later round and no other
 * experiment, nor one that is under way from the same seed and base, which may be about to come to the same bytes.
 */
export async function listPrunable(db: Connection, experimentId: string, upToRound: number): Promise<string[]> {
  const rows = await db.query<{ digest: string }[]>(
    `SELECT DISTINCT digest FROM airtune.contribution AS c
      WHERE experiment_id = $1 AND round > $2::int - ${ROUNDS_AT_ONCE} AND round <= $2::int AND digest IS NOT NULL
        AND NOT EXISTS (SELECT FROM airtune.contribution AS o
          WHERE o.digest = c.digest AND (o.experiment_id <> $1 OR o.round > $2::int))
        AND NOT EXISTS (SELECT FROM airtune.round AS r
          WHERE c.digest IN (r.global_before_digest, r.global_after_digest))
        AND NOT EXISTS (SELECT FROM airtune.experiment AS mine, airtune.experiment AS e
          WHERE mine.id = $1 AND e.id <> $1 AND e.state IN ('enrolling', 'running')
            AND e.seed = mine.seed AND e.base->>'digest' = mine.base->>'digest')`,
    [experimentId, upToRound],
  );
  return rows.map(({ digest }) => digest);
}
