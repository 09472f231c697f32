import 'reflect-metadata';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { experimentFailed, experimentFinished, type Envelope } from '#contracts';
import {
  InProcessBroker,
  InProcessPublisher,
  InProcessServer,
  startService,
  SystemClock,
  type Listener,
} from '#events';
import { BlobStore, openRecord, openSigningKey } from '#storage';
import type { DynamicModule, INestMicroservice } from '@nestjs/common';
import { ChannelModule } from '../../apps/channel/channel.module.ts';
import { CoordinatorModule } from '../../apps/coordinator/coordinator.module.ts';
import { Experiments } from '../../apps/coordinator/experiments.ts';
import { benchSubmission } from './bench-submission.ts';
import { MemoryInUse } from './memory-in-use.ts';
import { Phases } from './phases.ts';
import { StandInModule, StandInParts, StandInSite, tinyTensors } from './stand-in-site.ts';

// One process: the real coordinator, channel and record, and a site whose clients train nothing. Prints a measurement:
// of time and resident memory, or with `--expose-gc`, which makes time meaningless, of the memory that is in use.

const [clients = 10, rounds = 30] = process.argv.slice(2).map(Number);
const home = await mkdtemp(join(tmpdir(), 'airtune-orchestration-'));
const running: INestMicroservice[] = [];
const record = await openRecord({ home });
try {
  const broker = new InProcessBroker();
  const clock = new SystemClock();
  const start = async (
    listener: Listener,
    module: (parts: { blobs: BlobStore; publisher: InProcessPublisher }) => DynamicModule,
  ) => {
    // As in a run in one process: only what the coordinator keeps must survive a power cut.
    const blobs = new BlobStore(join(home, listener.service), { durable: listener.service === 'coordinator' });
    const publisher = new InProcessPublisher({ broker, source: listener.service, blobs, clock });
    const server = new InProcessServer(broker, listener, blobs);
    const service = await startService(module({ blobs, publisher }), server);
    running.push(service);
    return { service, blobs };
  };
  const signer = await openSigningKey(join(home, 'keys'));
  const coordinator = await start({ service: 'coordinator', concurrency: 64 }, (parts) =>
    CoordinatorModule.register({ ...parts, record, clock, signer }),
  );
  await start({ service: 'channel', concurrency: 16 }, (parts) => ChannelModule.register(parts));
  await start({ service: 'trainer', site: StandInSite.site, concurrency: 16 }, (parts) =>
    StandInModule.register(new StandInParts({ ...parts, signer })),
  );

  await coordinator.blobs.put(tinyTensors(0));
  const { spec, base } = benchSubmission(clients, rounds);
  const phases = new Phases();
  const collect = globalThis.gc;
  const memory =
    collect &&
    new MemoryInUse(() => {
      collect();
    });
  const ended = new Promise<void>((resolve, reject) => {
    broker.watch((envelope: Envelope) => {
      phases.take(envelope.type);
      memory?.take();
      if (envelope.type === experimentFinished.name) resolve();
      if (envelope.type === experimentFailed.name) reject(new Error(JSON.stringify(envelope.data)));
    });
    broker.onFault(({ service, type, error }) => {
      reject(new Error(`${service} could not handle ${type}`, { cause: error }));
    });
  });
  await coordinator.service.get(Experiments).submit('bench', spec, base);
  await ended;
  const [database] = await record.use((db) =>
    db.query<{ commits: number; entries: number }[]>(
      `SELECT (SELECT xact_commit FROM pg_stat_database WHERE datname = current_database())::int AS commits,
        (SELECT count(*) FROM airtune.ledger)::int AS entries`,
    ),
  );
  const peakBytes = process.resourceUsage().maxRSS * 1024;
  console.log(JSON.stringify({ ...phases.perRound(), peakBytes, inUseBytes: memory?.peakBytes, ...database }));
} finally {
  for (const service of running.reverse()) await service.close();
  await record.close();
  await rm(home, { recursive: true });
}
