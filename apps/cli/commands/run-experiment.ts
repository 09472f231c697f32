import { resolve } from 'node:path';
import { rewardsByServices, type BaseModel, type ExperimentSpec } from '#contracts';
import { findExperiment, latestUnfinished } from '#storage';
import { readSiteFile } from '../../trainer/site-file.ts';
import { CliError } from '../cli-error.ts';
import { EXIT } from '#operations';
import { chooseReporter } from '../progress/console.ts';
import type { RunOptions } from '../program/runs.ts';
import type { Settings } from '../settings.ts';
import { prepareRun } from '../spec/prepare-run.ts';
import { startSystem, type System } from '../system/start-system.ts';
import { driveRun, Interrupted } from '../following/drive-run.ts';
import { RunInProcess } from '../following/run-in-process.ts';
import { listenForStop } from './stop-signals.ts';

/** What is to be driven, and how it is set going. */
interface Undertaking {
  readonly experiment: string;
  readonly spec: ExperimentSpec;
  readonly base: BaseModel;
  start(): Promise<void>;
}

/** `airtune run`: submits a spec and follows it to its end. */
export async function runExperiment(
  file: string,
  options: RunOptions,
  settings: Settings,
  process: NodeJS.Process,
): Promise<void> {
  const { experiment, spec, base, initialShared } = await prepareRun(file, options);
  const siteFiles = [...options.site.map((path) => resolve(path)), ...(settings.siteFiles ?? [])];
  await checkHosted(spec, siteFiles);
  await follow(options, { ...settings, siteFiles }, process, (system) =>
    Promise.resolve({
      experiment,
      spec,
      base,
      start: async () => {
        await system.coordinatorBlobs.put(initialShared);
        await system.experiments.submit(experiment, spec, base);
      },
    }),
  );
}

/** In one process nobody comes later: a client that no site of this run hosts would be waited for in vain. */
async function checkHosted({ clients }: ExperimentSpec, siteFiles: readonly string[]): Promise<void> {
  if (!('names' in clients)) return;
  const files = await Promise.all(siteFiles.map(readSiteFile));
  const homeless = clients.names.filter((name) => !files.some((file) => Object.hasOwn(file.clients, name)));
  if (homeless.length === 0) return;
  const sites = files.map(({ site }) => site).join(', ') || 'none; name their files by --site or AIRTUNE_SITE_FILE';
  throw new CliError(
    'settings.client-without-site',
    `clients.names: no site of this run hosts ${homeless.slice(0, 10).join(', ')}. Its sites: ${sites}.`,
  );
}

/** `airtune resume`: goes on with the named experiment, or the latest that is not finished. */
export async function resumeExperiment(
  id: string | undefined,
  options: { readonly json: boolean },
  settings: Settings,
  process: NodeJS.Process,
): Promise<void> {
  await follow(options, settings, process, async (system) => {
    const found = await system.record.use((db) => (id === undefined ? latestUnfinished(db) : findExperiment(db, id)));
    if (found === undefined) {
      throw new CliError('resume.nothing', 'there is no unfinished experiment; `airtune list` shows those there are');
    }
    if (found.state === 'finished') {
      throw new CliError('resume.finished', `${found.id} is finished; \`airtune show ${found.id}\` shows it`);
    }
    return {
      experiment: found.id,
      spec: found.spec as ExperimentSpec,
      base: found.base as BaseModel,
      start: () => system.experiments.resume(found.id),
    };
  });
}

async function follow(
  options: { readonly json: boolean },
  settings: Settings,
  process: NodeJS.Process,
  undertake: (system: System) => Promise<Undertaking>,
): Promise<void> {
  const stop = listenForStop(process);
  const reporter = chooseReporter(process, options.json);
  const faults = new AbortController();
  const system = await startSystem(settings, {
    onFault: (error) => {
      faults.abort(error);
    },
  });
  let experiment: string | undefined;
  try {
    const undertaking = await undertake(system);
    ({ experiment } = undertaking);
    const { spec, base } = undertaking;
    await serveRewards(system, spec);
    const { broker, record } = system;
    const source = new RunInProcess({
      experiment,
      home: settings.home,
      broker,
      record,
      nowMs: () => performance.now(),
    });
    const stopped = AbortSignal.any([stop.signal, faults.signal]);
    await driveRun({ experiment, spec, base, source }, reporter, stopped, () => undertaking.start());
  } catch (error) {
    if (faults.signal.aborted) throw faults.signal.reason;
    if (!(error instanceof Interrupted)) throw error;
    process.exitCode = stop.exitCode() ?? EXIT.failed;
    process.stderr.write(await howToGoOn(system, experiment));
  } finally {
    await system.close();
    stop.release();
  }
}

/** Here too nobody comes later: a reward model that nobody serves would be awaited in vain, or left out of every round. */
async function serveRewards(system: System, { rewards }: ExperimentSpec): Promise<void> {
  const nowhere = await system.serveRegistered(rewardsByServices(rewards).map(({ model }) => model));
  if (nowhere.length === 0) return;
  throw new CliError(
    'settings.reward-without-service',
    `rewards: ${nowhere.join(', ')} runs nowhere in this process. Register its folder or module (airtune reward register PATH), or name the path by AIRTUNE_REWARD_MODELS, or in the spec.`,
  );
}

/** An experiment that was stopped before it was submitted is not in the record. */
async function howToGoOn(system: System, experiment: string | undefined): Promise<string> {
  if (experiment === undefined) return 'Stopped.\n';
  const begun = await system.record
    .use((db) => findExperiment(db, experiment))
    .then(
      () => true,
      () => false,
    );
  return begun ? `Stopped. Go on with: airtune resume ${experiment}\n` : 'Stopped before the experiment had begun.\n';
}
