import { aggregate, aggregationRuleNamed, shares } from '#federation';
import { byCodeUnit, digestOfTensors, ParametersError, viewSafetensors, type Digest } from '#parameters';
import { streamTensors, type BlobStore } from '#storage';
import type { Findings, RoundReport } from './audit-report.ts';
import { blobState } from './blob-state.ts';
import type { ReplayedChannels } from './replay-channels.ts';
import { contributionsOf } from './replay-rounds.ts';
import { COVERED_TABLES, number, placeOf, text, type Columns, type Entry, type History } from './history.ts';

/** Makes the global model of a committed round again, from the stored contributions, and compares digests and weights. */
export async function replayAggregation(
  history: History,
  { blobs, channels }: { readonly blobs: BlobStore; readonly channels: ReplayedChannels | undefined },
  entry: Entry,
  findings: Findings,
): Promise<RoundReport['aggregate']> {
  const { covers } = entry;
  const round = number(covers, 'number');
  const place = `round number=${round}`;
  const uploads = uploadsOf(history, entry, findings);
  checkWeights(uploads, entry, findings);
  const { rule } = history.spec.aggregation;
  if (rule === 'none') return 'nothing to aggregate';
  const gone = [];
  for (const upload of uploads) {
    const state = await blobState(blobs, upload.digest);
    if (state === 'missing') gone.push(upload);
    if (state === 'corrupt') {
      const message = `the bytes under ${blobs.path(upload.digest)} are no longer those of ${upload.digest}`;
      findings.add({ code: 'blob.corrupt', place: upload.place, round, message });
      return 'differs';
    }
  }
  const [first] = gone;
  if (first !== undefined) {
    if (isPruned(history, round)) {
      findings.notReplayed.push(
        `round ${round}: ${gone.length} of ${uploads.length} contributions were pruned, as the spec says`,
      );
      return 'blobs pruned';
    }
    findings.add({
      code: 'blob.missing',
      place: first.place,
      round,
      message: `there is no blob ${first.digest} under ${blobs.root}`,
    });
    return 'differs';
  }
  const largest = Math.max(0, ...uploads.map(({ bytes }) => bytes));
  const entries = uploads.map((upload) => {
    const kept = channels?.keptBy(round, upload.client);
    return kept === undefined ? upload : { ...upload, kept };
  });
  const before = text(covers, 'global_before_digest');
  // What is wrong with it stands among the findings about global models.
  if (channels !== undefined && (await blobState(blobs, before)) !== 'there') return 'differs';
  let mean;
  try {
    mean = await aggregate(
      aggregationRuleNamed(rule),
      history.base.shared.manifest,
      streamTensors(blobs, entries, largest),
      channels && { families: channels.plan.families, before: viewSafetensors(await blobs.read(before)) },
    );
  } catch (error) {
    if (!(error instanceof ParametersError)) throw error;
    const message = `its contributions cannot be averaged: ${error.message}`;
    findings.add({ code: 'round.aggregate', place, entry: entry.entry, round, message });
    return 'differs';
  }
  findings.counted.aggregates += 1;
  const made = mean === undefined ? before : digestOfTensors(mean);
  if (made === text(covers, 'global_after_digest')) return 'same digest';
  findings.add({
    code: 'round.aggregate',
    place,
    entry: entry.entry,
    round,
    message: `its contributions make ${made}, recorded is ${text(covers, 'global_after_digest')}`,
  });
  return 'differs';
}

interface Upload {
  readonly client: string;
  readonly digest: Digest;
  readonly bytes: number;
  readonly examples: number;
  readonly place: string;
}

/** Those that the round counted, in ascending order of clients, as the coordinator reads them. */
function uploadsOf({ rows }: History, { covers, entry }: Entry, findings: Findings): Upload[] {
  const round = number(covers, 'number');
  const accepted = new Map(
    rows.contribution
      .filter((row) => number(row, 'round') === round && text(row, 'verdict') === 'accepted')
      .map((row) => [text(row, 'client'), row]),
  );
  return [...contributionsOf(covers)]
    .sort((left, right) => byCodeUnit(left.client, right.client))
    .flatMap(({ client, digest }): Upload[] => {
      const row: Columns | undefined = accepted.get(client);
      if (row === undefined || text(row, 'digest') !== digest) {
        const place = `contribution round=${round} client=${client} verdict=accepted`;
        findings.add({
          code: 'round.contribution',
          place,
          entry,
          round,
          message: `the round counted ${digest}, the table has ${row === undefined ? 'none' : text(row, 'digest')}`,
        });
        return [];
      }
      const place = placeOf('contribution', row, COVERED_TABLES.contribution);
      return [
        { client, digest: digest as Digest, bytes: number(row, 'bytes'), examples: number(row, 'examples'), place },
      ];
    });
}

/** Weights are shares of the examples, and add up to 1. */
function checkWeights(uploads: readonly Upload[], { covers, entry }: Entry, findings: Findings): void {
  const round = number(covers, 'number');
  const expected = shares(uploads);
  const recorded = new Map(contributionsOf(covers).map(({ client, weight }) => [client, weight]));
  for (const [index, { client }] of uploads.entries()) {
    if (recorded.get(client) === expected[index]) continue;
    findings.add({
      code: 'round.weight',
      place: `round number=${round}`,
      entry,
      round,
      message: `${client} weighs ${String(recorded.get(client))}, by its examples it is ${String(expected[index])}`,
    });
  }
}

/** Whether the spec lets the blobs of that round go by now. */
function isPruned({ spec, rows }: History, round: number): boolean {
  const { keep } = spec.history;
  if (keep === 'all') return false;
  const closed = rows.round.filter((row) => row['closed_at'] !== null).map((row) => number(row, 'number'));
  // The round for evaluation alone has no contributions, and pushes none out.
  return round <= Math.min(Math.max(0, ...closed), spec.rounds) - keep.last;
}
