// Run by `aggregate.ts` in a process of its own: averages once and says how long it took and how much memory it grew by.
import { readFile } from 'node:fs/promises';
import { aggregate, aggregationRuleNamed } from '#federation';
import { BlobStore, streamTensors } from '#storage';
import type { AggregateMeasurement, AggregateTask } from './aggregate.ts';

const [, , path = ''] = process.argv;
const task = JSON.parse(await readFile(path, 'utf8')) as AggregateTask;
const blobs = new BlobStore(task.folder);
const clients = task.digests.map((digest, index) => ({
  client: `client-${String(index).padStart(4, '0')}`,
  digest,
  examples: 100 + index,
}));

const before = process.memoryUsage.rss();
const started = performance.now();
const mean = await aggregate(
  aggregationRuleNamed('federated-averaging'),
  task.manifest,
  streamTensors(blobs, clients, task.bytes),
);
if (mean !== undefined) await blobs.putTensors(mean);
const seconds = (performance.now() - started) / 1000;
const measurement: AggregateMeasurement = { seconds, peakBytes: process.resourceUsage().maxRSS * 1024 - before };
console.log(JSON.stringify(measurement));
