import { nextRound } from '#federation';
import { insertRound, withCommit } from '#storage';
import { plannedRound, type CurrentRound } from './current-round.ts';
import type { Turn } from './turn.ts';

/** Plans the round after `finished` (0 at the start) and makes it the current one; answers false when none is to come. */
export function planRound(
  turn: Turn,
  finished: number,
  { global, clients }: Pick<CurrentRound, 'global' | 'clients'>,
): boolean {
  const { id, spec } = turn.submission;
  const next = nextRound(finished, spec.rounds);
  if (next === undefined) return false;
  const round = {
    experimentId: id,
    ...next,
    globalBeforeDigest: global.digest,
    globalBeforeBytes: global.bytes,
    deadlineMs: spec.link.deadlineMs,
    plannedAt: turn.at,
  };
  withCommit(turn.db, insertRound(turn.db, round));
  turn.current = plannedRound(turn.submission, clients, round);
  return true;
}
