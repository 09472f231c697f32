import { experimentFailed } from '#contracts';
import type { Turn } from './turn.ts';

/** Why an experiment that was cancelled has ended. */
export const CANCELLED = 'experiment.cancelled';

/** Ends an experiment that cannot go on, or shall not, and says why; one that has ended already stays as it is. */
export async function endExperiment(
  turn: Turn,
  { code, message }: { readonly code: string; readonly message: string },
): Promise<boolean> {
  const { state } = turn.progress;
  if (state !== 'enrolling' && state !== 'running') return false;
  const endedAt = turn.at;
  if (code === CANCELLED) turn.move({ state: 'cancelled', endedAt });
  else turn.move({ state: 'failed', failureCode: code, failureMessage: message, endedAt });
  await turn.note(code === CANCELLED ? CANCELLED : 'experiment.failed', {
    ...(code === CANCELLED ? {} : { failure_code: code, failure_message: message }),
    ended_at: endedAt.toISOString(),
  });
  turn.state(experimentFailed, { code: code.slice(0, 100), message: message.slice(0, 4000) });
  return true;
}
