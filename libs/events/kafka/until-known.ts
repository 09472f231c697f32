import { setTimeout as sleep } from 'node:timers/promises';
import { pausesMs } from '../retry-policy.ts';

const PAUSE_MS = 200;

/** What a broker says of a topic that it has just created, and of its partitions before they have a leader. */
const NOT_YET = ['UNKNOWN_TOPIC_OR_PARTITION', 'NOT_LEADER_FOR_PARTITION', 'LEADER_NOT_AVAILABLE'];

/** Asks a broker again, for so many ms, while it does not know yet what was just created. */
export async function untilKnown<T>(ask: () => Promise<T>, forMs: number): Promise<T> {
  const pauses = pausesMs({ firstMs: PAUSE_MS, mostMs: PAUSE_MS, forMs });
  for (;;) {
    try {
      return await ask();
    } catch (error) {
      const pause = isNotYet(error) ? pauses.next() : undefined;
      if (pause === undefined || pause.done === true) throw error;
      await sleep(pause.value);
    }
  }
}

/** By itself, or as what the client library gave up for. */
function isNotYet(error: unknown): boolean {
  const { type, cause } = error as { readonly type?: string; readonly cause?: { readonly type?: string } };
  return [type, cause?.type].some((one) => one !== undefined && NOT_YET.includes(one));
}
