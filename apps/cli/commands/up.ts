import { EXIT } from '#operations';
import { lockHome, StorageError } from '#storage';
import { CliError } from '../cli-error.ts';
import type { Settings } from '../settings.ts';
import { startServices, type UpOptions } from '../up/start-services.ts';
import { Supervisor, type PartStatus } from '../up/supervisor.ts';
import { forgetUpState, writeUpState } from '../up/up-state.ts';
import { describeParts } from '../up/describe-parts.ts';
import { listenForStop } from './stop-signals.ts';

/** `airtune up`: the whole system on this machine, a process each, until Ctrl-C, SIGTERM or `airtune down`. */
export async function up(
  options: UpOptions & { readonly json: boolean },
  settings: Settings,
  process: NodeJS.Process,
): Promise<void> {
  const { home } = settings;
  const unlock = await lockForUp(home);
  // Broker and database do not keep this process alive by themselves.
  const alive = setInterval(() => undefined, 60_000);
  const stop = listenForStop(process);
  const startedAt = new Date().toISOString();
  let coordinator: string | null = null;
  let writing = Promise.resolve();
  const keepState = (parts: readonly PartStatus[]): void => {
    writing = writing.then(() => writeUpState(home, { pid: process.pid, startedAt, coordinator, parts: [...parts] }));
    writing.catch(() => undefined);
  };
  const say = (text: string): void => {
    process.stderr.write(`${text}\n`);
  };
  const supervisor = new Supervisor({
    onChange: keepState,
    onNote: say,
    nowMs: () => performance.now(),
  });
  try {
    await Promise.race([start(), stopped(stop.signal)]);
    await stopped(stop.signal);
  } catch (error) {
    if (!stop.signal.aborted) throw error;
  } finally {
    say('stopping');
    await supervisor.stop();
    await writing.catch(() => undefined);
    await forgetUpState(home);
    await unlock();
    clearInterval(alive);
    stop.release();
    say('stopped');
  }
  process.exitCode = stop.exitCode() === EXIT.interrupted ? EXIT.interrupted : EXIT.success;

  async function start(): Promise<void> {
    coordinator = await startServices(supervisor, options, settings, process.env);
    keepState(supervisor.status());
    await writing;
    if (options.json) {
      process.stdout.write(`${JSON.stringify({ event: 'up', coordinator, parts: supervisor.status() })}\n`);
      return;
    }
    process.stdout.write(
      `${describeParts(supervisor.status())}\n\nsubmit: airtune run SPEC --coordinator ${coordinator}\nREST:   ${coordinator}/docs\nlogs:   ${home}/logs\nCtrl-C or \`airtune down\` stops everything\n`,
    );
  }
}

async function lockForUp(home: string): Promise<() => Promise<void>> {
  return lockHome(home).catch((error: unknown) => {
    if (!(error instanceof StorageError) || error.code !== 'storage.home-in-use') throw error;
    const cure = '`airtune status` shows what runs there, `airtune down` ends it';
    throw new CliError(error.code, `${error.message} (${cure})`, { cause: error });
  });
}

function stopped(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    signal.addEventListener('abort', () => {
      resolve();
    });
  });
}
