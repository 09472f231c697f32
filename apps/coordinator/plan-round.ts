import { nextRound } from '#federation';
import { type Connection, insertRound } from '#storage';
import type { Submission } from './submissions.ts';

/** The shared tensors that a round starts from. */
export interface GlobalModel {
  readonly digest: string;
  readonly bytes: number;
}

/**
 * Plans the round after `finished` (0 at the start), within the transaction that ends the one before; answers false when
 * there is none to come.
 */
export async function planRound(
  db: Connection,
  { id, spec }: Submission,
  finished: number,
  global: GlobalModel,
  plannedAt: Date,
): Promise<boolean> {
  const next = nextRound(finished, spec.rounds);
  if (next === undefined) return false;
  await insertRound(db, {
    experimentId: id,
    ...next,
    globalBeforeDigest: global.digest,
    globalBeforeBytes: global.bytes,
    deadlineMs: spec.link.deadlineMs,
    plannedAt,
  });
  return true;
}
