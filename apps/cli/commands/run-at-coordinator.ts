import type { BaseModel, ExperimentSpec } from '#contracts';
import { EXIT } from '#operations';
import { CliError } from '../cli-error.ts';
import { driveRun, Interrupted } from '../following/drive-run.ts';
import { RunAtCoordinator } from '../following/run-at-coordinator.ts';
import { chooseReporter } from '../progress/console.ts';
import type { RunOptions } from '../program/runs.ts';
import { CoordinatorClient, type CoordinatorAddress } from '../remote/coordinator-client.ts';
import { prepareRun } from '../spec/prepare-run.ts';
import { listenForStop } from './stop-signals.ts';

interface Watched {
  readonly experiment: string;
  readonly spec: ExperimentSpec;
  readonly base: BaseModel;
}

/** `airtune run --coordinator`: submits a spec to running services and follows it to its end. */
export async function runAtCoordinator(
  file: string,
  options: RunOptions,
  address: CoordinatorAddress,
  process: NodeJS.Process,
): Promise<void> {
  const { experiment, spec, base, initialShared } = await prepareRun(file, options);
  const client = new CoordinatorClient(address);
  await client.putBlob(base.shared.initial.digest, initialShared);
  await client.submit({ experiment, spec, base });
  await watch({ experiment, spec, base }, options, client, process);
}

/** `airtune follow`: watches an experiment that was submitted before, from its beginning. */
export async function followAtCoordinator(
  experiment: string,
  options: { readonly json: boolean },
  address: CoordinatorAddress,
  process: NodeJS.Process,
): Promise<void> {
  const client = new CoordinatorClient(address);
  const { spec, base } = await client.show(experiment);
  await watch({ experiment, spec: spec as ExperimentSpec, base: base as BaseModel }, options, client, process);
}

/** `airtune resume --coordinator`: goes on with one that failed or was cancelled. */
export async function resumeAtCoordinator(
  id: string | undefined,
  options: { readonly json: boolean },
  address: CoordinatorAddress,
  process: NodeJS.Process,
): Promise<void> {
  const client = new CoordinatorClient(address);
  const unfinished = async (): Promise<string> => {
    const [latest] = (await client.list()).filter(({ state }) => state !== 'finished');
    if (latest === undefined) throw new CliError('resume.nothing', 'there is no unfinished experiment');
    return latest.experiment;
  };
  const experiment = id ?? (await unfinished());
  const { state } = await client.show(experiment);
  if (state === 'finished')
    throw new CliError('resume.finished', `${experiment} is finished; \`airtune show ${experiment}\` shows it`);
  if (state !== 'running' && state !== 'enrolling') await client.resume(experiment);
  await followAtCoordinator(experiment, options, address, process);
}

/** `airtune cancel`: ends an experiment at running services. */
export async function cancelAtCoordinator(
  experiment: string,
  address: CoordinatorAddress,
  process: NodeJS.Process,
): Promise<void> {
  await new CoordinatorClient(address).cancel(experiment);
  process.stdout.write(`${experiment} is cancelled; \`airtune resume ${experiment}\` takes it up again\n`);
}

async function watch(
  { experiment, spec, base }: Watched,
  options: { readonly json: boolean },
  client: CoordinatorClient,
  process: NodeJS.Process,
): Promise<void> {
  const stop = listenForStop(process);
  const reporter = chooseReporter(process, options.json);
  const source = new RunAtCoordinator(experiment, client, (text) => {
    reporter.note(text);
  });
  try {
    await driveRun({ experiment, spec, base, source }, reporter, stop.signal, () => Promise.resolve());
  } catch (error) {
    if (!(error instanceof Interrupted)) throw error;
    process.exitCode = stop.exitCode() ?? EXIT.failed;
    process.stderr.write(
      `${experiment} goes on without being watched. Watch it again with: airtune follow ${experiment} --coordinator ${client.address.url}\n`,
    );
  } finally {
    stop.release();
  }
}
