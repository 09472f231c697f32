import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { encodeSafetensors, manifestOf, type Digest, type NamedTensors, type TensorManifest } from '#parameters';
import { randomStream } from '#randomness';
import { BlobStore } from '#storage';

/** What the process that averages is told. */
export interface AggregateTask {
  readonly folder: string;
  readonly contributions: readonly { readonly client: string; readonly digest: Digest; readonly examples: number }[];
  readonly bytes: number;
  readonly manifest: TensorManifest;
}

/** What it measured. */
export interface AggregateMeasurement {
  readonly seconds: number;
  readonly peakBytes: number;
}

const CONTRIBUTIONS = 100;
const CONTRIBUTION_BYTES = 5e6;
const TENSORS = 20;
const MEGABYTE = 1e6;

/**
 * Streams 100 contributions of 5 MB from disk into their weighted mean, in a process of its own so that peak memory is
 * that of averaging alone: peak in contributions, MB/s beside a plain copy in memory. The blobs lie in the page cache, so
 * that this measures Airtune and not the disk; each is verified against its digest on the way.
 */
export async function benchAggregate() {
  const folder = await mkdtemp(join(tmpdir(), 'airtune-bench-'));
  try {
    const [small, task] = [await contribute(folder, TENSORS * 4), await contribute(folder, CONTRIBUTION_BYTES)];
    const { seconds, peakBytes } = await measure(folder, { small, large: task });
    const rate = (CONTRIBUTIONS * task.bytes) / MEGABYTE / seconds;
    const copyRate = plainCopyRate(task.bytes);
    const peak = peakBytes / task.bytes;
    console.log(
      `${CONTRIBUTIONS} contributions of ${(task.bytes / MEGABYTE).toFixed(2)} MB in ${seconds.toFixed(2)} s`,
    );
    console.log(`peak memory: ${peak.toFixed(2)} contributions (at most 4)`);
    console.log(`${rate.toFixed(0)} MB/s, read and verified; a plain copy in memory ${copyRate.toFixed(0)} MB/s`);
    const ratios = { copy: rounded(rate / copyRate), peakContributions: rounded(peak) };
    const figures = {
      megabytesPerSecond: rounded(rate),
      copyMegabytesPerSecond: rounded(copyRate),
      peakBytes,
      seconds,
    };
    return { ratios, figures };
  } finally {
    await rm(folder, { recursive: true });
  }
}

async function contribute(folder: string, tensorBytes: number): Promise<AggregateTask> {
  const blobs = new BlobStore(folder);
  const length = tensorBytes / 4 / TENSORS;
  const draw = randomStream(7, 'bench-aggregate');
  const tensors: NamedTensors = new Map(
    Array.from({ length: TENSORS }, (_, index) => [
      `adapter.${index}.down.weight`,
      { shape: [length], data: Float32Array.from({ length }, () => draw.normal()) },
    ]),
  );
  const contributions: { client: string; digest: Digest; examples: number }[] = [];
  let bytes = 0;
  for (let client = 0; client < CONTRIBUTIONS; client++) {
    for (const { data } of tensors.values()) data[0] = client;
    const file = encodeSafetensors(tensors);
    bytes = file.length;
    const name = `client-${String(client).padStart(4, '0')}`;
    contributions.push({ client: name, digest: await blobs.put(file), examples: 100 + client });
  }
  return { folder, contributions, bytes, manifest: manifestOf(tensors) };
}

async function measure(
  folder: string,
  tasks: { small: AggregateTask; large: AggregateTask },
): Promise<AggregateMeasurement> {
  const path = join(folder, 'tasks.json');
  await writeFile(path, JSON.stringify(tasks));
  const file = import.meta.url.endsWith('.ts') ? './aggregate-alone.ts' : './aggregate-alone.js';
  const { stdout } = await promisify(execFile)(process.execPath, [fileURLToPath(new URL(file, import.meta.url)), path]);
  return JSON.parse(stdout) as AggregateMeasurement;
}

/** MB/s of copying a contribution from one buffer to another, the best of several runs over all of them. */
function plainCopyRate(bytes: number): number {
  const from = new Uint8Array(bytes).fill(1);
  const to = new Uint8Array(bytes);
  let best = Infinity;
  for (let run = 0; run < 5; run++) {
    const started = performance.now();
    for (let copy = 0; copy < CONTRIBUTIONS; copy++) to.set(from);
    best = Math.min(best, performance.now() - started);
  }
  return (CONTRIBUTIONS * bytes) / MEGABYTE / (best / 1000);
}

function rounded(value: number): number {
  return Number(value.toPrecision(4));
}
