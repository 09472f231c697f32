import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import {
  InProcessBroker,
  InProcessPublisher,
  InProcessServer,
  startService,
  SystemClock,
  type Listener,
} from '#events';
import { BlobStore, openRecord, openSigningKey, type ExperimentRecord } from '#storage';
import type { DynamicModule, INestMicroservice } from '@nestjs/common';
import { ChannelModule } from '../../channel/channel.module.ts';
import { CoordinatorModule } from '../../coordinator/coordinator.module.ts';
import { Experiments } from '../../coordinator/experiments.ts';
import { TrainerModule } from '../../trainer/trainer.module.ts';
import type { TrainingProgress } from '../../trainer/observer.ts';
import type { Settings } from '../settings.ts';

/** The one site of a run in one process. */
export const LOCAL_SITE = 'local';

/** Coordinator, channel, a trainer site and the record, in this process. */
export interface System {
  readonly record: ExperimentRecord;
  readonly experiments: Experiments;
  readonly broker: InProcessBroker;
  readonly coordinatorBlobs: BlobStore;
  close(): Promise<void>;
}

export interface SystemHooks {
  readonly onProgress?: (progress: TrainingProgress) => void;
  readonly onFault: (error: Error) => void;
}

/** Starts everything that a run needs; `close()` stops it, in the other order. */
export async function startSystem(settings: Settings, hooks: SystemHooks): Promise<System> {
  const record = await openRecord(settings);
  const running: INestMicroservice[] = [];
  const close = async (): Promise<void> => {
    for (const service of running.splice(0).reverse()) await service.close();
    await record.close();
  };
  try {
    const broker = new InProcessBroker();
    const clock = new SystemClock();
    const start = async (listener: Listener, folder: string, module: (parts: Parts) => DynamicModule) => {
      const blobs = new BlobStore(join(settings.home, folder, 'blobs'), { durable: listener.service !== 'channel' });
      const source = listener.site === undefined ? listener.service : `${listener.service}/${listener.site}`;
      const publisher = new InProcessPublisher({ broker, source, blobs, clock });
      const service = await startService(module({ blobs, publisher }), new InProcessServer(broker, listener, blobs));
      running.push(service);
      return { service, blobs };
    };
    const signer = await openSigningKey(join(settings.home, 'coordinator', 'keys'));
    const coordinator = await start({ service: 'coordinator', concurrency: 64 }, 'coordinator', (parts) =>
      CoordinatorModule.register({ ...parts, record, clock, signer, onFault: hooks.onFault }),
    );
    // What is in the air when a process ends is sent again.
    await rm(join(settings.home, 'channel', 'blobs'), { recursive: true, force: true });
    await start({ service: 'channel', concurrency: 16 }, 'channel', (parts) => ChannelModule.register(parts));
    await start({ service: 'trainer', site: LOCAL_SITE }, join('sites', LOCAL_SITE), (parts) =>
      TrainerModule.register({
        ...parts,
        ...hooks,
        settings: { site: LOCAL_SITE, home: settings.home, threads: settings.threads },
      }),
    );
    const experiments = coordinator.service.get(Experiments);
    return { record, experiments, broker, coordinatorBlobs: coordinator.blobs, close };
  } catch (error) {
    await close();
    throw error;
  }
}

interface Parts {
  readonly blobs: BlobStore;
  readonly publisher: InProcessPublisher;
}
