import 'reflect-metadata';
import { join } from 'node:path';
import { connectToKafka, runService } from '#operations';
import { BlobStore, keepSwept } from '#storage';
import { ChannelModule } from './channel.module.ts';
import { channelVariables } from './settings.ts';

await runService(
  {
    name: 'channel',
    summary: "Airtune's channel: measures the simulated wireless links and carries every parameter blob across them.",
    variables: channelVariables,
    async start(_settings, tools) {
      const blobs = new BlobStore(join(tools.home, 'channel', 'blobs'));
      tools.onStop(keepSwept(blobs.root, () => tools.clock.now()));
      const { publisher, transport } = await connectToKafka(
        { service: 'channel', concurrency: ChannelModule.concurrency },
        blobs,
        tools,
      );
      return { module: ChannelModule.register({ publisher, blobs }), transport };
    },
  },
  process,
);
