import type { BlobStore } from '#storage';
import type { Findings } from './audit-report.ts';
import { blobState } from './blob-state.ts';
import { number, type History } from './history.ts';

/**
 * Every global model that the record names, the last one above all, is stored as what its digest says: they are what sites
 * are sent and what users take away, and nothing lets them go.
 */
export async function checkGlobals({ base, rows }: History, blobs: BlobStore, findings: Findings): Promise<void> {
  const rounds = [...rows.round].sort((a, b) => number(a, 'number') - number(b, 'number'));
  const made = rounds.flatMap((row) => {
    const { global_after_digest: after } = row;
    return typeof after === 'string' ? [{ digest: after, round: number(row, 'number') }] : [];
  });
  const first = { digest: base.shared.initial.digest, round: undefined };
  const seen = new Set<string>();
  for (const { digest, round } of [first, ...made]) {
    if (seen.has(digest)) continue;
    seen.add(digest);
    const state = await blobState(blobs, digest);
    if (state === 'there') continue;
    findings.add({
      code: `blob.${state}`,
      place: round === undefined ? 'experiment' : `round number=${round}`,
      ...(round === undefined ? {} : { round }),
      message:
        state === 'missing'
          ? `there is no global model ${digest} under ${blobs.root}`
          : `the bytes under ${blobs.path(digest)} are no longer those of the global model ${digest}`,
    });
  }
}
