import 'reflect-metadata';
import { join } from 'node:path';
import { InProcessBroker, InProcessPublisher, InProcessServer, nameOf, readKafkaSettings } from '#events';
import { connectToKafka, runService } from '#operations';
import { openRewardModel, ScoringDesk } from '#reward-models';
import { BlobStore } from '#storage';
import { RewardModelModule } from './reward-model.module.ts';
import { rewardModelVariables } from './settings.ts';

await runService(
  {
    name: 'reward-model',
    summary: 'Scores completions with one reward model: over Kafka where brokers are named, and over HTTP.',
    variables: rewardModelVariables,
    async start({ AIRTUNE_REWARD_MODEL, AIRTUNE_THREADS, AIRTUNE_TOKEN: token }, tools) {
      const model = await openRewardModel(AIRTUNE_REWARD_MODEL, { threads: AIRTUNE_THREADS });
      tools.onStop(() => model.close());
      const { name } = model.card;
      const { clock, environment } = tools;
      const blobs = new BlobStore(join(tools.home, 'reward-models', name, 'blobs'));
      const { concurrency } = RewardModelModule;
      const listener = { service: 'reward-model', model: name, concurrency } as const;
      const desk = new ScoringDesk(model);
      const prepare = ({ nest }: { nest: { useBodyParser(type: 'json', options: { limit: string }): unknown } }) => {
        nest.useBodyParser('json', { limit: '4mb' });
      };
      if (readKafkaSettings(environment) === undefined) {
        const broker = new InProcessBroker();
        const publisher = new InProcessPublisher({ broker, source: nameOf(listener), blobs, clock });
        const transport = new InProcessServer(broker, listener, blobs);
        return { module: RewardModelModule.register({ desk, publisher, token }), transport, prepare };
      }
      const { publisher, transport } = await connectToKafka(listener, blobs, tools);
      return { module: RewardModelModule.register({ desk, publisher, token }), transport, prepare };
    },
  },
  process,
);
