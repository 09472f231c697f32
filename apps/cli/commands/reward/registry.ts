import { stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { namesService } from '#contracts';
import { SystemClock } from '#events';
import { openRewardModel, type RewardCard } from '#reward-models';
import type { RewardModel } from '#storage';
import type { Json } from '../../../coordinator/rest/as-json.ts';
import { RewardRegistry } from '../../../coordinator/reward-registry.ts';
import { CliError } from '../../cli-error.ts';
import { asWritten, inRecord } from '../../history/in-record.ts';
import type { Console } from '../../progress/console.ts';
import { plainTable } from '../../progress/plain-table.ts';
import { CoordinatorClient, type CoordinatorAddress } from '../../remote/coordinator-client.ts';
import type { Settings } from '../../settings.ts';

/** Prints the reward models that are known: those that announced themselves, and those that were registered. */
export async function listRegistry(
  options: { readonly json: boolean },
  settings: Settings,
  coordinator: CoordinatorAddress | undefined,
  console: Console,
): Promise<void> {
  const models =
    coordinator === undefined
      ? asWritten(await inRegistry(settings, (registry) => registry.list()))
      : await new CoordinatorClient(coordinator).rewardModels();
  if (options.json) {
    for (const model of models) console.stdout.write(`${JSON.stringify(model)}\n`);
    return;
  }
  if (models.length === 0) {
    console.stdout.write(
      'No reward model is known yet: start one with `airtune reward serve`, or register a folder.\n',
    );
    return;
  }
  const rows = models.map((model) => [
    model.name,
    model.version,
    `${figure(model.rangeLowest)} to ${figure(model.rangeHighest)}`,
    model.retiredAt ?? '',
    model.lastSeenAt,
    model.path ?? '',
    model.digest,
  ]);
  console.stdout.write(`${plainTable(['name', 'version', 'range', 'retired', 'last seen', 'path', 'digest'], rows)}\n`);
}

/**
 * Registers a folder or module under the name that it gives itself: runs on this machine start it when a spec names it. At a
 * coordinator its service has to be started beside. A name that is known already is taken into service again.
 */
export async function registerModel(
  path: string,
  settings: Settings,
  coordinator: CoordinatorAddress | undefined,
  console: Console,
): Promise<void> {
  if (/^https?:\/\//.test(path)) throw new CliError('reward.folder', howToRegisterUrl(path));
  const isThere = (await stat(path).catch(() => undefined)) !== undefined;
  if (!isThere && namesService(path)) {
    await reinstate(path, settings, coordinator);
    console.stdout.write(`${path} is in service: a spec may say \`model: ${path}\`, and its service must run\n`);
    return;
  }
  const model = await openRewardModel(resolve(path));
  const { card } = model;
  await model.close();
  const registered = `${card.name}, version ${card.version}, is registered`;
  if (coordinator === undefined) {
    await inRegistry(settings, (registry) => registry.register({ ...rowOf(card), path: resolve(path) }));
    console.stdout.write(`${registered}: a spec may say \`model: ${card.name}\`\n`);
    return;
  }
  const { version, digest, range, standardisation } = card;
  const said = { version, digest, range: { ...range }, standardisation: { ...standardisation } };
  await new CoordinatorClient(coordinator).registerRewardModel(card.name, said);
  console.stdout.write(
    `${registered} at ${coordinator.url}: a spec may say \`model: ${card.name}\` once its service runs, \`AIRTUNE_KAFKA_BROKERS=… airtune reward serve ${path}\`\n`,
  );
}

/** Retires a reward model: experiments that go on keep it, new ones may not name it. */
export async function retireModel(
  name: string,
  settings: Settings,
  coordinator: CoordinatorAddress | undefined,
  console: Console,
): Promise<void> {
  if (coordinator === undefined) await inRegistry(settings, (registry) => registry.retire(name));
  else await new CoordinatorClient(coordinator).moveRewardModel(name, 'retire');
  console.stdout.write(`${name} is retired: no new experiment may name it, until it is registered again\n`);
}

async function reinstate(
  name: string,
  settings: Settings,
  coordinator: CoordinatorAddress | undefined,
): Promise<Json<RewardModel>> {
  try {
    if (coordinator !== undefined) return await new CoordinatorClient(coordinator).moveRewardModel(name, 'reinstate');
    return asWritten(await inRegistry(settings, (registry) => registry.reinstate(name)));
  } catch (error) {
    if ((error as { code?: unknown }).code !== 'reward.unknown') throw error;
    throw new CliError(
      'reward.unknown',
      `${name}: there is no such folder or module here, and no reward model of that name is known. A service needs no registering: it announces itself as it starts (\`airtune reward serve PATH\`, or in another language reward-model.announced).`,
    );
  }
}

function howToRegisterUrl(url: string): string {
  return `${url}: a server elsewhere is registered by a folder that says how it is asked. Write a reward.json there, {"format": "airtune-reward-remote-1", "name": "…", "version": "1", "url": "${url}", "range": {"lowest": …, "highest": …}}, and register that folder (docs/reward-models.md, b).`;
}

function inRegistry<T>(settings: Settings, work: (registry: RewardRegistry) => Promise<T>): Promise<T> {
  return inRecord(settings, (record) => work(new RewardRegistry(record, new SystemClock())));
}

function rowOf({ name, version, digest, range, standardisation }: RewardCard) {
  return {
    ...{ name, version, digest, rangeLowest: range.lowest, rangeHighest: range.highest },
    standardisationMean: standardisation.mean,
    standardisationDeviation: standardisation.deviation,
  };
}

function figure(value: number): string {
  return String(Number(value.toPrecision(4)));
}
