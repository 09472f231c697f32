import 'reflect-metadata';
import { join } from 'node:path';
import { KafkaConnection, KafkaPublisher, KafkaServer, type Listener, startService, SystemClock } from '#events';
import { BlobStore, openRecord, openSigningKey } from '#storage';
import type { DynamicModule } from '@nestjs/common';
import { ChannelModule } from '../../apps/channel/channel.module.ts';
import { CoordinatorModule } from '../../apps/coordinator/coordinator.module.ts';
import { Experiments } from '../../apps/coordinator/experiments.ts';
import { benchSubmission } from './bench-submission.ts';
import { StandInModule, StandInParts, StandInSite, tinyTensors } from './stand-in-site.ts';

/** What one service of the benchmark over Kafka is told. */
export interface RoleTask {
  readonly role: 'coordinator' | 'channel' | 'site';
  readonly broker: string;
  readonly databaseUrl: string;
  readonly folder: string;
  readonly clients: number;
  readonly rounds: number;
}

// One service in a process of its own, over a real broker. Says "ready", and begins when its parent says "go".

const task = JSON.parse(process.argv[2] ?? '{}') as RoleTask;
const LISTENERS: Readonly<Record<RoleTask['role'], Listener>> = {
  coordinator: { service: 'coordinator', concurrency: 64 },
  channel: { service: 'channel', concurrency: 16 },
  site: { service: 'trainer', site: StandInSite.site, concurrency: 16 },
};
const listener = LISTENERS[task.role];
const home = join(task.folder, task.role);
const clock = new SystemClock();
const blobs = new BlobStore(join(home, 'blobs'), { durable: task.role === 'coordinator' });
const connection = await KafkaConnection.open({
  brokers: [task.broker],
  prefix: 'bench',
  clientId: task.role,
  sessionTimeoutMs: 30_000,
});
const publisher = new KafkaPublisher({ connection, source: task.role, blobs, clock });
const signer = await openSigningKey(join(home, 'keys'));
const service = await startService(await moduleOf(), new KafkaServer(connection, listener, blobs));
process.send?.('ready');
process.once('message', () => {
  if (task.role !== 'coordinator') return;
  void blobs.put(tinyTensors(0)).then(() => {
    const { spec, base } = benchSubmission(task.clients, task.rounds);
    return service.get(Experiments).submit('bench', spec, base);
  });
});

async function moduleOf(): Promise<DynamicModule> {
  if (task.role === 'channel') return ChannelModule.register({ publisher, blobs });
  if (task.role === 'site') return StandInModule.register(new StandInParts({ publisher, blobs, signer }));
  const record = await openRecord({ home, databaseUrl: task.databaseUrl, access: 'shared' });
  return CoordinatorModule.register({ publisher, clock, record, blobs, signer, custody: 'all' });
}
