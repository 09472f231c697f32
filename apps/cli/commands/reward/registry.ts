import { resolve } from 'node:path';
import { SystemClock } from '#events';
import { openRewardModel } from '#reward-models';
import { listRewardModels, putRewardModel, retireRewardModel } from '#storage';
import { CliError } from '../../cli-error.ts';
import { inRecord } from '../../history/in-record.ts';
import type { Console } from '../../progress/console.ts';
import { plainTable } from '../../progress/plain-table.ts';
import type { Settings } from '../../settings.ts';

/** Prints the reward models that the record knows: those that announced themselves, and those that were registered. */
export async function listRegistry(
  options: { readonly json: boolean },
  settings: Settings,
  console: Console,
): Promise<void> {
  const models = await inRecord(settings, (record) => record.use(listRewardModels));
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
    model.retiredAt === null ? '' : model.retiredAt.toISOString(),
    model.lastSeenAt.toISOString(),
    model.path ?? '',
    model.digest,
  ]);
  console.stdout.write(`${plainTable(['name', 'version', 'range', 'retired', 'last seen', 'path', 'digest'], rows)}\n`);
}

/** Registers a folder or module under the name that it gives itself: runs on this machine start it when a spec names it. */
export async function registerModel(path: string, settings: Settings, console: Console): Promise<void> {
  const model = await openRewardModel(resolve(path));
  const { name, version, digest, range, standardisation } = model.card;
  await model.close();
  const card = {
    ...{ name, version, digest, path: resolve(path), rangeLowest: range.lowest, rangeHighest: range.highest },
    standardisationMean: standardisation.mean,
    standardisationDeviation: standardisation.deviation,
  };
  const now = new SystemClock().now();
  await inRecord(settings, (record) => record.transaction((db) => putRewardModel(db, card, now)));
  console.stdout.write(`${name}, version ${version}, is registered: a spec may say \`model: ${name}\`\n`);
}

/** Retires a reward model: experiments that go on keep it, new ones may not name it. */
export async function retireModel(name: string, settings: Settings, console: Console): Promise<void> {
  const now = new SystemClock().now();
  const known = await inRecord(settings, (record) => record.transaction((db) => retireRewardModel(db, name, now)));
  if (!known)
    throw new CliError(
      'reward.unknown',
      `There is no reward model ${name}; \`airtune reward list\` shows those that are known.`,
    );
  console.stdout.write(`${name} is retired: no new experiment may name it, until it is registered again\n`);
}

function figure(value: number): string {
  return String(Number(value.toPrecision(4)));
}
