import 'reflect-metadata';
import { join } from 'node:path';
import { connectToKafka, runService } from '#operations';
import { BlobStore, keepSwept } from '#storage';
import { settingsOf, trainerVariables } from './environment.ts';
import { measureSteps } from './measure-steps.ts';
import { siteFolder } from './site-folders.ts';
import { TrainerModule } from './trainer.module.ts';

await runService(
  {
    name: 'trainer',
    summary: "Airtune's trainer: a site that hosts clients, with their data, models and personal parameters.",
    variables: trainerVariables,
    identity: ({ AIRTUNE_SITE: site }) => (site === undefined ? {} : { site }),
    async start(said, tools) {
      const settings = await settingsOf(said, tools.home);
      const { site } = settings;
      const blobs = new BlobStore(join(tools.home, 'sites', site, 'blobs'));
      tools.onStop(keepSwept(siteFolder(tools.home, site), () => tools.clock.now()));
      const { publisher, transport } = await connectToKafka({ service: 'trainer', site }, blobs, tools);
      const onProgress = measureSteps(tools.metrics, () => performance.now());
      return {
        module: TrainerModule.register({
          ...{ publisher, blobs, settings, clock: tools.clock, onProgress, onFault: tools.fail },
        }),
        transport,
      };
    },
  },
  process,
);
