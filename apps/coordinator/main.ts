import 'reflect-metadata';
import { join, resolve } from 'node:path';
import { readDeadLetters, type DeadLetter } from '#events';
import { connectToKafka, isLoopback, runService } from '#operations';
import { BlobStore, keepSwept, openRecord, openSigningKey } from '#storage';
import { CoordinatorModule } from './coordinator.module.ts';
import { DeadLetters } from './dead-letters.ts';
import { measureRecord } from './measure-record.ts';
import { prepareRest } from './rest/prepare-rest.ts';
import { RestModule } from './rest/rest.module.ts';
import { coordinatorVariables } from './settings.ts';

/** What may pass is waited for, however long it takes: a database that is away says nothing about the messages. */
const RETRIES = { firstMs: 50, mostMs: 5000, forMs: Infinity };

await runService(
  {
    name: 'coordinator',
    summary:
      "Airtune's coordinator: plans rounds, collects and averages contributions, keeps the record, answers REST.",
    variables: coordinatorVariables,
    async start(settings, tools) {
      const { home, clock, health, metrics, onStop } = tools;
      const record = await openRecord({
        home,
        databaseUrl: settings.DATABASE_URL,
        ownerUrl: settings.AIRTUNE_DATABASE_OWNER_URL,
        access: 'shared',
      });
      onStop(() => record.close());
      health.require({ name: 'database', check: () => record.check() });
      measureRecord(record, metrics);
      const blobs = new BlobStore(resolve(settings.AIRTUNE_BLOBS ?? join(home, 'coordinator', 'blobs')));
      onStop(keepSwept(blobs.root, () => clock.now()));
      const signer = await openSigningKey(join(home, 'coordinator', 'keys'));
      const listener = { service: 'coordinator', concurrency: CoordinatorModule.concurrency } as const;
      const { connection, publisher, transport } = await connectToKafka(listener, blobs, tools, {
        retries: RETRIES,
      });
      const resend = (letter: DeadLetter): Promise<void> => connection.resend(letter);
      const coordinator = CoordinatorModule.register({
        ...{ publisher, clock, record, blobs, signer, resend },
        custody: 'all',
        // Who reaches only this machine's own address is trusted with a name nobody has; elsewhere an operator lets sites in.
        newSites: isLoopback(settings.AIRTUNE_HOST) ? 'on-first-use' : 'by-operator',
      });
      return {
        module: RestModule.register(coordinator, { token: settings.AIRTUNE_TOKEN }),
        transport,
        prepare: ({ nest }) => {
          prepareRest(nest);
        },
        started: async (application) => {
          const deadLetters = application.get(DeadLetters);
          onStop(await readDeadLetters(connection, (letter) => deadLetters.keep(letter)));
        },
      };
    },
  },
  process,
);
