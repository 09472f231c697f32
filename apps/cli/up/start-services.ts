import { join, parse } from 'node:path';
import { readKafkaSettings } from '#events';
import { openRewardModel } from '#reward-models';
import type { Settings } from '../settings.ts';
import { BrokerPart } from './broker-part.ts';
import { DatabasePart } from './database-part.ts';
import { ServicePart } from './service-part.ts';
import type { Supervisor } from './supervisor.ts';

export interface UpOptions {
  /** Trainer sites, which share the clients of a simulation. */
  readonly sites: number;
  /** The coordinator's; 0 is one that is free. */
  readonly port: number;
}

/**
 * Starts broker and database, then the services that stand on them, and answers the coordinator's URL. Broker
 * and database that the environment names are not started.
 */
export async function startServices(
  supervisor: Supervisor,
  options: UpOptions,
  settings: Settings,
  environment: NodeJS.ProcessEnv,
): Promise<string> {
  const { home } = settings;
  const everywhere = parse(home).root;
  const [brokers, databaseUrl] = await Promise.all([
    readKafkaSettings(environment)?.brokers.join(',') ?? localBroker(supervisor, home, environment),
    settings.databaseUrl ?? localDatabase(supervisor, home),
  ]);
  const variables = { ...environment, AIRTUNE_HOME: home, AIRTUNE_KAFKA_BROKERS: brokers };
  const service = (name: string, main: string, port: number, own: NodeJS.ProcessEnv): ServicePart =>
    new ServicePart({
      name,
      main: new URL(`../../${main}/main.js`, import.meta.url),
      variables: { ...variables, ...own },
      port,
      logFile: join(home, 'logs', `${name.replace('/', '-')}.log`),
    });

  const coordinator = service('coordinator', 'coordinator', options.port, { DATABASE_URL: databaseUrl });
  // The others answer health and metrics only, and nobody but this machine.
  const inner = { AIRTUNE_HOST: '127.0.0.1', AIRTUNE_TOKEN: '', DATABASE_URL: '' };
  const trainers = Array.from({ length: options.sites }, (_, index) =>
    service(`trainer/site-${index}`, 'trainer', 0, { ...inner, ...siteVariables(index) }),
  );
  const rewardModels = await Promise.all(
    (settings.rewardModels ?? []).map(async (path) => {
      const name = await rewardModelName(path);
      return service(`reward-model/${name}`, 'reward-model', 0, { ...inner, AIRTUNE_REWARD_MODEL: path });
    }),
  );
  const parts = [coordinator, service('channel', 'channel', 0, inner), ...trainers, ...rewardModels];
  const [first] = await Promise.all(parts.map((part) => supervisor.keep(part)));
  return first?.address ?? '';

  function siteVariables(index: number): NodeJS.ProcessEnv {
    return {
      AIRTUNE_SITE: `site-${index}`,
      AIRTUNE_SITES: String(options.sites),
      AIRTUNE_SITE_INDEX: String(index),
      // On one's own machine a spec may name whatever its user may read.
      AIRTUNE_DATA_ROOTS: everywhere,
      AIRTUNE_MODEL_ROOTS: everywhere,
      AIRTUNE_THREADS: String(Math.max(1, Math.floor(settings.threads / options.sites))),
    };
  }
}

/** The name that a reward model gives itself. */
async function rewardModelName(path: string): Promise<string> {
  const model = await openRewardModel(path);
  await model.close();
  return model.card.name;
}

async function localBroker(supervisor: Supervisor, home: string, environment: NodeJS.ProcessEnv): Promise<string> {
  const { address } = await supervisor.keep(new BrokerPart(join(home, 'kafka'), environment));
  return address;
}

async function localDatabase(supervisor: Supervisor, home: string): Promise<string> {
  const database = new DatabasePart(home);
  await supervisor.keep(database);
  return database.url;
}
