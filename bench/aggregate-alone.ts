// Run by `aggregate.ts` in a process of its own: averages once and says how long it took and how much memory it grew by.
import { readFile } from 'node:fs/promises';
import { aggregate, aggregationRuleNamed } from '#federation';
import { BlobStore, streamTensors } from '#storage';
import type { AggregateMeasurement, AggregateTask } from './aggregate.ts';

async function average({ folder, contributions, bytes, manifest }: AggregateTask): Promise<void> {
  const blobs = new BlobStore(folder);
  const streamed = streamTensors(blobs, contributions, bytes);
  const mean = await aggregate(aggregationRuleNamed('federated-averaging'), manifest, streamed);
  if (mean !== undefined) await blobs.putTensors(mean);
}

const [, , path = ''] = process.argv;
const { small, large } = JSON.parse(await readFile(path, 'utf8')) as { small: AggregateTask; large: AggregateTask };
// The same on tensors of a few elements first: what the runtime itself takes for code is not averaging's.
await average(small);
const before = process.memoryUsage.rss();
const started = performance.now();
await average(large);
const seconds = (performance.now() - started) / 1000;
const measurement: AggregateMeasurement = { seconds, peakBytes: process.resourceUsage().maxRSS * 1024 - before };
console.log(JSON.stringify(measurement));
