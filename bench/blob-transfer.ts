import { fork, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { KafkaConnection, type KafkaSettings } from '#events';
import { startLocalKafka, type LocalKafka } from '#local-kafka';
import { BlobStore } from '#storage';
import { Logger } from '@nestjs/common';
import type { TransferMeasurement, TransferTask } from './blob-transfer-alone.ts';

Logger.overrideLogger(['error', 'fatal']);

const GIGABYTE = 1e9;
const MEBIBYTE = 1024 ** 2;
/** As in the transport's own chunks. */
const RECORD_BYTES = 1_048_000;
const RECORDS = Math.ceil(GIGABYTE / RECORD_BYTES);

/**
 * A blob of 1 GB from a file in one process to a verified file in another, through a real broker; against Kafka's own
 * producer and consumer performance tools, one after the other, for the same bytes in messages of the same size.
 * The tools' times are what they report of themselves, without the start of their JVM.
 */
export async function benchBlobTransfer() {
  const folder = await mkdtemp(join(tmpdir(), 'airtune-bench-'));
  const kafka = await startLocalKafka({ folder: join(folder, 'kafka'), variables: process.env });
  try {
    const settings = { brokers: [kafka.broker], prefix: 'bench', partitions: 1, sessionTimeoutMs: 30_000 };
    const ours = await transfer(folder, settings);
    const producer = await producerTool(kafka, settings);
    const consumer = await consumerTool(kafka);
    const tools = producer.seconds + consumer.seconds;
    const ratio = tools / ours.seconds;
    const growth = Math.max(...ours.sides.map(({ growthBytes }) => growthBytes)) / MEBIBYTE;
    console.log(`1 GB, file to verified file: ${ours.seconds.toFixed(2)} s (${(1000 / ours.seconds).toFixed(0)} MB/s)`);
    console.log(`Kafka's tools: producer ${producer.seconds.toFixed(2)} s, consumer ${consumer.seconds.toFixed(2)} s`);
    console.log(`with the start of their JVM: ${(producer.wallSeconds + consumer.wallSeconds).toFixed(2)} s`);
    console.log(`resident memory grew by ${growth.toFixed(0)} MiB (at most 64)`);
    const ratios = { broker: rounded(ratio) };
    const figures = {
      seconds: rounded(ours.seconds),
      producerSeconds: rounded(producer.seconds),
      consumerSeconds: rounded(consumer.seconds),
      toolsWallSeconds: rounded(producer.wallSeconds + consumer.wallSeconds),
      sides: ours.sides,
    };
    return { ratios, figures };
  } finally {
    await kafka.stop('now');
    await rm(folder, { recursive: true, force: true, maxRetries: 5 });
  }
}

async function transfer(folder: string, settings: KafkaSettings) {
  const [sent, received] = [join(folder, 'sent'), join(folder, 'received')];
  const digest = await gigabyte(new BlobStore(sent));
  const blob = { digest, bytes: GIGABYTE };
  const receiver = alone({ side: 'receiver', settings, folder: received, blob });
  await answer(receiver);
  const sender = alone({ side: 'sender', settings, folder: sent, blob });
  await answer(sender);
  const started = performance.now();
  const answers = Promise.all([answer(sender), answer(receiver)]);
  const arrived = answer(receiver).then(() => (performance.now() - started) / 1000);
  sender.send({ go: true });
  const sides = (await answers) as TransferMeasurement[];
  return { seconds: await arrived, sides };
}

/** Bytes that no compression or cache would shorten, made quickly. */
async function gigabyte(store: BlobStore): Promise<TransferTask['blob']['digest']> {
  const { createHash } = await import('node:crypto');
  const hash = createHash('sha256');
  for (const piece of pieces()) hash.update(piece);
  const digest = `sha256:${hash.digest('hex')}` as const;
  await store.putStream(asynchronous(pieces()), digest);
  return digest;
}

function* pieces(): Generator<Uint8Array> {
  const words = new Uint32Array(250_000);
  let state = 1;
  for (let at = 0; at < words.length; at++) words[at] = state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
  for (let piece = 0; piece < GIGABYTE / words.byteLength; piece++) {
    words[0] = piece;
    yield new Uint8Array(words.buffer.slice(0));
  }
}

async function* asynchronous(pieces: Iterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  for (const piece of pieces) yield await Promise.resolve(piece);
}

function alone(task: TransferTask): ChildProcess {
  const file = import.meta.url.endsWith('.ts') ? './blob-transfer-alone.ts' : './blob-transfer-alone.js';
  const execArgv = ['--expose-gc', '--disable-warning=TimeoutNegativeWarning'];
  return fork(fileURLToPath(new URL(file, import.meta.url)), [JSON.stringify(task)], { execArgv });
}

async function answer(child: ChildProcess): Promise<unknown> {
  const ended = once(child, 'exit').then(([code]) => {
    throw new Error(`a side of the transfer ended with ${String(code)}`);
  });
  const [said] = (await Promise.race([once(child, 'message'), ended])) as [unknown];
  ended.catch(() => undefined);
  return said;
}

async function producerTool(kafka: LocalKafka, settings: KafkaSettings) {
  const connection = await KafkaConnection.open({ ...settings, prefix: 'tools' });
  await connection.close();
  const records = ['--num-records', String(RECORDS), '--record-size', String(RECORD_BYTES), '--throughput', '-1'];
  const properties = [`bootstrap.servers=${kafka.broker}`, 'acks=all', `max.request.size=${String(4 * MEBIBYTE)}`];
  const { said, wallSeconds } = await tool(kafka, 'ProducerPerformance', [
    ...['--topic', 'tools.channel'],
    ...records,
    ...['--producer-props', ...properties],
  ]);
  const rate = Number(/(\d+(?:\.\d+)?) records\/sec[^\n]*99\.9th/.exec(said)?.[1]);
  return { seconds: RECORDS / rate, wallSeconds };
}

async function consumerTool(kafka: LocalKafka) {
  const { said, wallSeconds } = await tool(kafka, 'ConsumerPerformance', [
    ...['--topic', 'tools.channel', '--bootstrap-server', kafka.broker],
    ...['--num-records', String(RECORDS)],
  ]);
  const line = said.trim().split('\n').at(-1) ?? '';
  const [start = '', end = ''] = line.split(', ');
  return { seconds: (asMs(end) - asMs(start)) / 1000, wallSeconds };
}

/** `2026-11-24 14:02:15:523` */
function asMs(said: string): number {
  return Date.parse(said.replace(/:(\d{3})$/, '.$1').replace(' ', 'T'));
}

async function tool({ java, jars }: LocalKafka, name: string, args: readonly string[]) {
  const started = performance.now();
  const child = spawn(java, ['-cp', join(jars, '*'), `org.apache.kafka.tools.${name}`, ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let said = '';
  child.stdout.on('data', (chunk: Buffer) => (said += chunk.toString()));
  const [code] = (await once(child, 'close')) as [number | null];
  if (code !== 0) throw new Error(`${name} ended with ${String(code)}: ${said}`);
  return { said, wallSeconds: (performance.now() - started) / 1000 };
}

function rounded(value: number): number {
  return Number(value.toPrecision(4));
}
