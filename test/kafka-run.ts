import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ExperimentSpec } from '#contracts';
import {
  type DeadLetter,
  KafkaConnection,
  KafkaPublisher,
  type KafkaSettings,
  KafkaServer,
  type Listener,
  startService,
  SystemClock,
} from '#events';
import { openRewardModel, ScoringDesk, type RewardModel } from '#reward-models';
import {
  BlobStore,
  closingFigures,
  findExperiment,
  latestRound,
  openRecord,
  openSigningKey,
  type ClosingFigures,
  type ExperimentRecord,
} from '#storage';
import type { DynamicModule, INestMicroservice } from '@nestjs/common';
import { ChannelModule } from '../apps/channel/channel.module.ts';
import { describeBase } from '../apps/cli/spec/describe-base.ts';
import { ChangeProfile } from '../apps/coordinator/change-profile.ts';
import { CoordinatorModule } from '../apps/coordinator/coordinator.module.ts';
import { Experiments } from '../apps/coordinator/experiments.ts';
import { RewardModelModule } from '../apps/reward-model/reward-model.module.ts';
import { TrainerModule } from '../apps/trainer/trainer.module.ts';

/** Coordinator, channel, two sites and reward models, each with a connection and a blob store of its own: what they share is the broker. */
export class KafkaLaboratory {
  readonly deadLetters: DeadLetter[] = [];
  readonly faults: Error[] = [];
  private readonly home: string;
  private readonly record: ExperimentRecord;
  private readonly settings: KafkaSettings;
  private readonly services: { readonly service: INestMicroservice; readonly connection: KafkaConnection }[] = [];
  private experiments: Experiments | undefined;
  private profiles: ChangeProfile | undefined;
  private coordinatorBlobs: BlobStore | undefined;
  private readonly rewardModels: RewardModel[] = [];
  private runs = 0;

  private constructor(home: string, record: ExperimentRecord, settings: KafkaSettings) {
    this.home = home;
    this.record = record;
    this.settings = settings;
  }

  static async open(settings: KafkaSettings, rewardModels: readonly string[] = []): Promise<KafkaLaboratory> {
    const home = await mkdtemp(join(tmpdir(), 'airtune-kafka-run-'));
    const laboratory = new KafkaLaboratory(home, await openRecord({ home }), settings);
    await laboratory.start();
    for (const path of rewardModels) await laboratory.serveRewardModel(path);
    return laboratory;
  }

  /** Submits a spec and waits until the record says that it is over; `meanwhile` acts once a round is open. */
  async run(spec: ExperimentSpec, meanwhile?: Meanwhile, ms = 120_000): Promise<ClosingFigures> {
    const experiment = `${spec.name}-${String((this.runs += 1))}`;
    const { base, initialShared } = await describeBase(spec);
    await this.coordinatorBlobs?.put(initialShared);
    await this.experiments?.submit(experiment, spec, base);
    let acting: Promise<unknown> | undefined;
    for (let waited = 0; ; waited += 50) {
      const round = await this.record.use((db) => latestRound(db, experiment));
      const { profiles } = this;
      if (profiles !== undefined && round?.number === meanwhile?.inRound && round?.stage === 'open')
        acting ??= meanwhile?.act(experiment, profiles);
      await acting;
      const { state } = await this.record.use((db) => findExperiment(db, experiment));
      if (state === 'finished') return this.record.use((db) => closingFigures(db, experiment));
      if (state === 'failed' || waited > ms)
        throw new Error(`${experiment} is ${state}; dead letters: ${this.tellDeadLetters()}`);
      await sleep(50);
    }
  }

  async close(): Promise<void> {
    for (const { service, connection } of this.services.splice(0).reverse()) {
      await service.close();
      await connection.close();
    }
    for (const model of this.rewardModels.splice(0)) await model.close();
    await this.record.close();
    await rm(this.home, { recursive: true, force: true });
  }

  private async start(): Promise<void> {
    const clock = new SystemClock();
    const signer = await openSigningKey(join(this.home, 'coordinator', 'keys'));
    const coordinator = await this.serve({ service: 'coordinator' }, (parts) =>
      CoordinatorModule.register({
        ...parts,
        record: this.record,
        clock,
        signer,
        onFault: (error) => this.faults.push(error),
      }),
    );
    this.coordinatorBlobs = coordinator.blobs;
    this.experiments = coordinator.service.get(Experiments);
    this.profiles = coordinator.service.get(ChangeProfile);
    await this.serve({ service: 'channel' }, (parts) => ChannelModule.register(parts));
    for (const [siteIndex, site] of ['north', 'south'].entries()) {
      const settings = { site, siteIndex, sites: 2, home: this.home, threads: 1 };
      const onFault = (error: Error): void => void this.faults.push(error);
      await this.serve({ service: 'trainer', site }, (parts) =>
        TrainerModule.register({ ...parts, clock, settings, onFault }),
      );
    }
  }

  private async serveRewardModel(path: string): Promise<void> {
    const model = await openRewardModel(path);
    this.rewardModels.push(model);
    const desk = new ScoringDesk(model);
    await this.serve({ service: 'reward-model', model: model.card.name }, ({ publisher }) =>
      RewardModelModule.register({ desk, publisher }),
    );
  }

  private async serve(listener: Listener, module: (parts: Parts) => DynamicModule) {
    const source = [listener.service, listener.site ?? listener.model ?? []].flat().join('/');
    const blobs = new BlobStore(join(this.home, source, 'blobs'));
    const connection = await KafkaConnection.open(this.settings);
    const publisher = new KafkaPublisher({ connection, source, blobs, clock: new SystemClock() });
    const onDeadLetter = (letter: DeadLetter): void => void this.deadLetters.push(letter);
    const server = new KafkaServer(connection, { ...listener, concurrency: 1 }, blobs, { onDeadLetter });
    const service = await startService(module({ blobs, publisher }), server);
    this.services.push({ service, connection });
    return { service, blobs };
  }

  private tellDeadLetters(): string {
    return this.deadLetters.map(({ topic, code, reason }) => `${topic} ${code} ${reason}`).join('; ');
  }
}

/** What is done in the middle of a run. */
interface Meanwhile {
  readonly inRound: number;
  readonly act: (experiment: string, profiles: ChangeProfile) => Promise<unknown>;
}

interface Parts {
  readonly blobs: BlobStore;
  readonly publisher: KafkaPublisher;
}
