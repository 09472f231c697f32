import 'reflect-metadata';
import { once } from 'node:events';
import { roundOpened, type DataOf } from '#contracts';
import {
  KafkaConnection,
  KafkaPublisher,
  type KafkaSettings,
  KafkaServer,
  On,
  startService,
  SystemClock,
} from '#events';
import { BlobStore } from '#storage';
import { Controller, Logger, Module } from '@nestjs/common';

/** What a process of the blob-transfer benchmark is told: its side of the transfer. */
export interface TransferTask {
  readonly side: 'sender' | 'receiver';
  readonly settings: KafkaSettings;
  /** Its own blob store. */
  readonly folder: string;
  readonly blob: DataOf<typeof roundOpened>['global'];
}

/** What it answers when it has sent, or received and verified, the blob. */
export interface TransferMeasurement {
  readonly side: 'sender' | 'receiver';
  /** Resident memory at its peak, less what was resident when it was ready. */
  readonly growthBytes: number;
  readonly cpuSeconds: number;
}

Logger.overrideLogger(['error', 'fatal']);
const task = JSON.parse(process.argv[2] ?? '{}') as TransferTask;
const done = Promise.withResolvers<undefined>();

@Controller()
class ChannelInbox {
  @On(roundOpened)
  opened(): void {
    done.resolve(undefined);
  }
}

@Module({ controllers: [ChannelInbox] })
class Receiver {}

const connection = await KafkaConnection.open(task.settings);
const blobs = new BlobStore(task.folder);
const close = task.side === 'receiver' ? await listen() : prepareToSend();
globalThis.gc?.();
const before = process.memoryUsage.rss();
const cpuBefore = process.cpuUsage();
let peak = before;
const watch = setInterval(() => (peak = Math.max(peak, process.memoryUsage.rss())), 20);
say({ ready: true });
await done.promise;
clearInterval(watch);
const { user, system } = process.cpuUsage(cpuBefore);
const measured: TransferMeasurement = {
  side: task.side,
  growthBytes: peak - before,
  cpuSeconds: (user + system) / 1e6,
};
say(measured);
await close();
await connection.close();
process.disconnect();

async function listen(): Promise<() => Promise<void>> {
  const service = await startService(Receiver, new KafkaServer(connection, { service: 'channel' }, blobs));
  return () => service.close();
}

function prepareToSend(): () => Promise<void> {
  const publisher = new KafkaPublisher({ connection, source: 'coordinator', blobs, clock: new SystemClock() });
  void once(process, 'message').then(async () => {
    const data = { round: 1, forEvaluation: false, cohort: [], global: task.blob, deadlineMs: 1 };
    await publisher.publish(roundOpened, data, { experiment: 'bench', blob: task.blob.digest });
    done.resolve(undefined);
  });
  return () => Promise.resolve();
}

function say(what: object): void {
  process.send?.(what);
}
