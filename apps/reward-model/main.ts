import 'reflect-metadata';
import { join } from 'node:path';
import { InProcessBroker, InProcessServer } from '#events';
import { runService } from '#operations';
import { openRewardModel, ScoringDesk } from '#reward-models';
import { BlobStore } from '#storage';
import { RewardModelModule } from './reward-model.module.ts';
import { rewardModelVariables } from './settings.ts';

await runService(
  {
    name: 'reward-model',
    summary: 'Scores completions with one reward model, over HTTP.',
    variables: rewardModelVariables,
    async start({ AIRTUNE_REWARD_MODEL, AIRTUNE_THREADS }, tools) {
      const model = await openRewardModel(AIRTUNE_REWARD_MODEL, { threads: AIRTUNE_THREADS });
      tools.onStop(() => model.close());
      return {
        module: RewardModelModule.register({ desk: new ScoringDesk(model) }),
        transport: new InProcessServer(
          new InProcessBroker(),
          { service: 'reward-model' },
          new BlobStore(join(tools.home, 'reward-model', 'blobs')),
        ),
        prepare: ({ nest }) => {
          nest.useBodyParser('json', { limit: '4mb' });
        },
      };
    },
  },
  process,
);
