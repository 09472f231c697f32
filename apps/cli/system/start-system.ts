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
import { openRewardModel, ScoringDesk } from '#reward-models';
import {
  BlobStore,
  listRewardModels,
  openRecord,
  openSigningKey,
  sweepPartials,
  type ExperimentRecord,
} from '#storage';
import type { DynamicModule } from '@nestjs/common';
import { ChannelModule } from '../../channel/channel.module.ts';
import { ChangeProfile } from '../../coordinator/change-profile.ts';
import { CoordinatorModule } from '../../coordinator/coordinator.module.ts';
import { Experiments } from '../../coordinator/experiments.ts';
import { RewardModelModule } from '../../reward-model/reward-model.module.ts';
import type { TrainerSettingsInput } from '../../trainer/settings.ts';
import { readSiteFile, type SiteFile } from '../../trainer/site-file.ts';
import { TrainerModule } from '../../trainer/trainer.module.ts';
import type { TrainingProgress } from '../../trainer/observer.ts';
import { CliError } from '../cli-error.ts';
import type { Settings } from '../settings.ts';

/** The one site of a run in one process. */
export const LOCAL_SITE = 'local';

/** Coordinator, channel, trainer sites, reward models and the record, in this process. */
export interface System {
  readonly record: ExperimentRecord;
  readonly experiments: Experiments;
  readonly profiles: ChangeProfile;
  readonly broker: InProcessBroker;
  readonly coordinatorBlobs: BlobStore;
  /** Starts those of these reward models that were registered with a folder, unless they run here already; answers who runs nowhere. */
  serveRegistered(names: readonly string[]): Promise<readonly string[]>;
  close(): Promise<void>;
}

export interface SystemHooks {
  readonly onProgress?: (progress: TrainingProgress) => void;
  readonly onFault: (error: Error) => void;
}

/** Starts everything that a run needs; `close()` stops it, in the other order. */
export async function startSystem(settings: Settings, hooks: SystemHooks): Promise<System> {
  const record = await openRecord(settings);
  const running: { close(): Promise<unknown> }[] = [];
  const close = async (): Promise<void> => {
    for (const service of running.splice(0).reverse()) await service.close();
    await record.close();
  };
  try {
    const broker = new InProcessBroker();
    const clock = new SystemClock();
    // This process holds the work folder's lock: whoever left something half written is gone.
    for (const folder of ['coordinator', 'sites'])
      await sweepPartials(join(settings.home, folder), clock.now().getTime(), 0);
    const start = async (listener: Listener, folder: string, module: (parts: Parts) => DynamicModule) => {
      const blobs = new BlobStore(join(settings.home, folder, 'blobs'), { durable: listener.service !== 'channel' });
      const source = [listener.service, listener.site ?? listener.model ?? []].flat().join('/');
      const publisher = new InProcessPublisher({ broker, source, blobs, clock });
      const service = await startService(module({ blobs, publisher }), new InProcessServer(broker, listener, blobs));
      running.push(service);
      return { service, blobs };
    };
    const signer = await openSigningKey(join(settings.home, 'coordinator', 'keys'));
    const coordinator = await start(
      { service: 'coordinator', concurrency: CoordinatorModule.concurrency },
      'coordinator',
      (parts) => CoordinatorModule.register({ ...parts, record, clock, signer, onFault: hooks.onFault }),
    );
    // What is in the air when a process ends is sent again.
    await rm(join(settings.home, 'channel', 'blobs'), { recursive: true, force: true });
    await start({ service: 'channel', concurrency: ChannelModule.concurrency }, 'channel', (parts) =>
      ChannelModule.register(parts),
    );
    const served = new Set<string>();
    const serveRewardModel = async (path: string): Promise<void> => {
      const model = await openRewardModel(path);
      running.push(model);
      const { name } = model.card;
      served.add(name);
      const desk = new ScoringDesk(model);
      await start(
        { service: 'reward-model', model: name, concurrency: RewardModelModule.concurrency },
        join('reward-models', name),
        ({ publisher }) => RewardModelModule.register({ desk, publisher }),
      );
    };
    for (const path of settings.rewardModels ?? []) await serveRewardModel(path);
    for (const site of await sitesOf(settings)) {
      await start({ service: 'trainer', site: site.site }, join('sites', site.site), (parts) =>
        TrainerModule.register({ ...parts, ...hooks, clock, settings: site }),
      );
    }
    const experiments = coordinator.service.get(Experiments);
    const profiles = coordinator.service.get(ChangeProfile);
    const serveRegistered = async (names: readonly string[]): Promise<readonly string[]> => {
      for (const { name, path } of await record.use(listRewardModels))
        if (path !== null && names.includes(name) && !served.has(name)) await serveRewardModel(path);
      return names.filter((name) => !served.has(name));
    };
    return { record, experiments, profiles, broker, coordinatorBlobs: coordinator.blobs, serveRegistered, close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** The sites of a run: one for each site file, which share simulated clients, or the local one. */
async function sitesOf(settings: Settings): Promise<readonly (TrainerSettingsInput & { readonly site: string })[]> {
  const { home, threads, siteFiles = [], dataRoots, modelRoots } = settings;
  const roots = {
    ...(dataRoots === undefined ? {} : { dataRoots: [...dataRoots] }),
    ...(modelRoots === undefined ? {} : { modelRoots: [...modelRoots] }),
  };
  if (siteFiles.length === 0) return [{ site: LOCAL_SITE, home, threads, ...roots }];
  const files = await Promise.all(siteFiles.map(readSiteFile));
  checkApart(files.map((file, index) => ({ ...file, path: siteFiles[index] ?? '' })));
  return files.map((siteFile, siteIndex) => {
    return { site: siteFile.site, siteFile, siteIndex, sites: files.length, home, threads, ...roots };
  });
}

/** Two sites have two names, and a client is at one of them. */
function checkApart(files: readonly (SiteFile & { readonly path: string })[]): void {
  const sites = new Map<string, string>();
  const homes = new Map<string, string>();
  for (const { site, clients, path } of files) {
    const other = sites.get(site);
    if (other !== undefined) throw new CliError('settings.two-sites', `${path} and ${other} are both site ${site}.`);
    sites.set(site, path);
    for (const client of Object.keys(clients)) {
      const home = homes.get(client);
      if (home !== undefined)
        throw new CliError('settings.two-homes', `${client} is in ${home} and in ${path}: a client lives at one site.`);
      homes.set(client, path);
    }
  }
}

interface Parts {
  readonly blobs: BlobStore;
  readonly publisher: InProcessPublisher;
}
