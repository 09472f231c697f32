import { aggregate, aggregationRuleNamed } from '#federation';
import { byCodeUnit, viewSafetensors, type Digest } from '#parameters';
import { type BlobStore, listAccepted, streamTensors } from '#storage';
import type { CurrentRound } from './current-round.ts';
import type { SparseChannels } from './sparse-channels.ts';
import type { Turn } from './turn.ts';

/** An accepted upload, as the record has it. */
interface AcceptedUpload {
  readonly client: string;
  readonly digest: Digest;
  readonly examples: number;
}

/**
 * Makes the new global model of a round's contributions: read from disk one at a time, in ascending order of client
 * names, whatever the order in which they arrived. Where channels are left out each is averaged over those who sent it.
 * With aggregation switched off it stays the old one.
 */
export async function aggregateContributions(
  { db, submission }: Turn,
  { blobs, channels }: { readonly blobs: BlobStore; readonly channels: SparseChannels },
  { machine, global }: CurrentRound,
  contributors: readonly string[],
): Promise<{ global: CurrentRound['global']; uploads: readonly AcceptedUpload[] }> {
  const counted = new Set(contributors);
  const accepted = await listAccepted(db, submission.id, machine.plan.number);
  const uploads = accepted
    .filter(({ client }) => counted.has(client))
    .map(({ client, digest, examples }) => ({ client, digest: digest as Digest, examples: examples ?? 0 }))
    .sort((left, right) => byCodeUnit(left.client, right.client));
  const largest = Math.max(0, ...accepted.map(({ bytes }) => bytes ?? 0));
  const sparse = await channels.ofRound(db, submission, machine.plan.number);
  const entries = uploads.map((upload) =>
    sparse === undefined ? upload : { ...upload, kept: sparse.keptBy(upload.client) },
  );
  const mean = await aggregate(
    aggregationRuleNamed(submission.spec.aggregation.rule),
    submission.base.shared.manifest,
    streamTensors(blobs, entries, largest),
    sparse && { families: sparse.plan.families, before: viewSafetensors(await blobs.read(global.digest)) },
  );
  if (mean === undefined) return { global, uploads };
  const digest = await blobs.putTensors(mean);
  return { global: { digest, bytes: await blobs.size(digest) }, uploads };
}
