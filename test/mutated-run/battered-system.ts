import { join } from 'node:path';
import {
  InProcessBroker,
  InProcessPublisher,
  InProcessServer,
  type Listener,
  reasonOf,
  startService,
  SystemClock,
} from '#events';
import { openRewardModel, ScoringDesk, type RewardModel } from '#reward-models';
import { BlobStore, type ExperimentRecord, openSigningKey } from '#storage';
import type { DynamicModule, INestMicroservice } from '@nestjs/common';
import { ChannelModule } from '../../apps/channel/channel.module.ts';
import { CoordinatorModule } from '../../apps/coordinator/coordinator.module.ts';
import { DeadLetters } from '../../apps/coordinator/dead-letters.ts';
import { Experiments } from '../../apps/coordinator/experiments.ts';
import { RewardModelModule } from '../../apps/reward-model/reward-model.module.ts';
import { TrainerModule } from '../../apps/trainer/trainer.module.ts';

export type Letter = Parameters<InProcessBroker['send']>[0];
type Parcel = NonNullable<Parameters<InProcessBroker['send']>[1]>;

/** What became of a letter at one of its readers: handled, or refused with a code. */
export interface Fate {
  readonly service: string;
  readonly letter: Letter;
  readonly refused: string | undefined;
}

interface Post {
  readonly letter: Letter;
  readonly parcel: Parcel | undefined;
}

/** Keeps a copy of every letter once it was let through; some may be held up, or exchanged. */
class OpenedBroker extends InProcessBroker {
  readonly seen: Letter[] = [];
  hold: (letter: Letter) => Promise<void> = () => Promise.resolve();
  tamper: (letter: Letter, parcel: Parcel | undefined) => Promise<Post> = (letter, parcel) =>
    Promise.resolve({ letter, parcel });

  override async send(letter: Letter, parcel?: Parcel): Promise<void> {
    await this.hold(letter);
    this.seen.push(letter);
    const post = await this.tamper(letter, parcel);
    await super.send(post.letter, post.parcel);
  }
}

/** All services on one transport, with a real record; what they refuse is kept as a coordinator on Kafka keeps it. */
export class BatteredSystem {
  readonly broker = new OpenedBroker();
  readonly fates: Fate[] = [];
  readonly faults: Error[] = [];
  readonly coordinatorBlobs: BlobStore;
  private readonly home: string;
  private readonly record: ExperimentRecord;
  private readonly running: { close(): Promise<unknown> }[] = [];
  private deadLetters: DeadLetters | undefined;
  private letters = 0;
  private experimentsOf: Experiments | undefined;

  constructor(home: string, record: ExperimentRecord) {
    this.home = home;
    this.record = record;
    this.coordinatorBlobs = new BlobStore(join(home, 'coordinator', 'blobs'));
  }

  get experiments(): Experiments {
    if (this.experimentsOf === undefined) throw new Error('it is not started');
    return this.experimentsOf;
  }

  /** With a trainer of that name, and a reward model of that folder. */
  async start(site: string, rewardModel: string): Promise<void> {
    const clock = new SystemClock();
    const onFault = (error: Error): void => void this.faults.push(error);
    const signer = await openSigningKey(join(this.home, 'coordinator', 'keys'));
    const coordinator = await this.serve({ service: 'coordinator', concurrency: 64 }, 'coordinator', (parts) =>
      CoordinatorModule.register({ ...parts, record: this.record, clock, signer, onFault, newSites: 'on-first-use' }),
    );
    this.deadLetters = coordinator.get(DeadLetters);
    this.experimentsOf = coordinator.get(Experiments);
    await this.serve({ service: 'channel', concurrency: 16 }, 'channel', (parts) => ChannelModule.register(parts));
    const model = await openRewardModel(rewardModel);
    this.running.push(model);
    await this.serveModel(model);
    const settings = { site, home: this.home, threads: 1 };
    await this.serve({ service: 'trainer', site }, join('sites', site), (parts) =>
      TrainerModule.register({ ...parts, clock, settings, onFault }),
    );
  }

  async close(): Promise<void> {
    for (const service of this.running.splice(0).reverse()) await service.close();
  }

  private serveModel(model: RewardModel): Promise<INestMicroservice> {
    const desk = new ScoringDesk(model);
    const { name } = model.card;
    return this.serve({ service: 'reward-model', model: name, concurrency: 4 }, join('reward-models', name), (parts) =>
      RewardModelModule.register({ desk, publisher: parts.publisher }),
    );
  }

  private async serve(
    listener: Listener,
    folder: string,
    module: (parts: { blobs: BlobStore; publisher: InProcessPublisher }) => DynamicModule,
  ): Promise<INestMicroservice> {
    const { broker } = this;
    const blobs = new BlobStore(join(this.home, folder, 'blobs'));
    const source = [listener.service, listener.site ?? listener.model ?? []].flat().join('/');
    const publisher = new InProcessPublisher({ broker, source, blobs, clock: new SystemClock() });
    const server = new InProcessServer(broker, listener, blobs, {
      // In one process letters have no places of their own.
      onDeadLetter: (letter) => this.deadLetters?.keep({ ...letter, offset: (this.letters += 1) }),
      retries: { firstMs: 20, mostMs: 100, forMs: 1000 },
    });
    const handle = server.handle.bind(server);
    server.handle = async (letter) => {
      const fate = await handle(letter).then(
        () => undefined,
        (error: unknown) => reasonOf(error).code,
      );
      this.fates.push({ service: source, letter, refused: fate });
    };
    const service = await startService(module({ blobs, publisher }), server);
    this.running.push(service);
    return service;
  }
}
