import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** Between collections: what a transfer holds of dead buffers at most. */
const COLLECT_AFTER_BYTES = 16 * 1024 ** 2;

let collect: ((options: { readonly type: 'minor' }) => void) | undefined;
let spent = 0;

/**
 * Counts bytes of buffers that are used once, and has the young ones collected when they are many. V8 leaves them lying, outside
 * of its heap, for 64 MiB and more: of a blob of 1 GB 160 MiB lay there at a time. A collection takes less than a millisecond.
 */
export function spendBuffers(bytes: number): void {
  spent += bytes;
  if (spent < COLLECT_AFTER_BYTES) return;
  spent = 0;
  collect ??= collector();
  collect({ type: 'minor' });
}

function collector() {
  setFlagsFromString('--expose-gc');
  return runInNewContext('gc') as (options: { readonly type: 'minor' }) => void;
}
