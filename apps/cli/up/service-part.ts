import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, open } from 'node:fs/promises';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { setTimeout as sleep } from 'node:timers/promises';
import type { StartReport } from '#operations';
import { CliError } from '../cli-error.ts';
import type { Part, RunningPart } from './part.ts';

export interface ServiceOptions {
  readonly name: string;
  /** The program, a JavaScript file. */
  readonly main: URL;
  readonly variables: NodeJS.ProcessEnv;
  /** 0: one that is free; the same one at every later start. */
  readonly port: number;
  /** Takes what it says, after what is there. */
  readonly logFile: string;
}

/** Longer than a boot that waits for the broker's groups takes. */
const READY_TIMEOUT_MS = 90_000;
const LOOK_EVERY_MS = 50;
const STOP_TIMEOUT_MS = 25_000;

/** A service of Airtune in a process of its own. */
export class ServicePart implements Part {
  readonly name: string;
  private readonly options: ServiceOptions;
  private port: number;

  constructor(options: ServiceOptions) {
    this.options = options;
    this.name = options.name;
    this.port = options.port;
  }

  async start(): Promise<RunningPart> {
    const { main, variables, logFile } = this.options;
    await mkdir(dirname(logFile), { recursive: true });
    const log = await open(logFile, 'a');
    const child = spawn(process.execPath, ['--disable-warning=TimeoutNegativeWarning', fileURLToPath(main)], {
      env: { ...variables, AIRTUNE_PORT: String(this.port) },
      stdio: ['ignore', log.fd, log.fd, 'ipc'],
      // Ctrl-C in the terminal is for `up`, which then stops its services in order.
      detached: true,
    });
    await log.close();
    const ended = endOf(child);
    try {
      const url = await Promise.race([reportOf(child), ended.then((how) => this.diedEarly(how))]);
      await Promise.race([untilReady(url, this.name), ended.then((how) => this.diedEarly(how))]);
      this.port = Number(new URL(url).port);
      return { address: url, pid: child.pid, ended, stop: (how) => stop(child, how) };
    } catch (error) {
      await stop(child, 'now');
      throw error;
    }
  }

  private diedEarly(how: string): never {
    throw new CliError('up.service', `${this.name} ended while it started (${how}); its log: ${this.options.logFile}`);
  }
}

/** A service that could not start, in its own words. */
class StartError extends CliError {
  override readonly retryable: boolean;

  constructor({ code, message, retryable }: { code: string; message: string; retryable: boolean }) {
    super(code, message);
    this.retryable = retryable;
  }
}

/** The URL at which the service listens. */
function reportOf(child: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    child.on('message', (report: StartReport) => {
      if ('listening' in report) resolve(report.listening);
      else reject(new StartError(report.failed));
    });
  });
}

async function untilReady(url: string, name: string): Promise<void> {
  let missing = '';
  for (let waitedMs = 0; waitedMs < READY_TIMEOUT_MS; waitedMs += LOOK_EVERY_MS) {
    await sleep(LOOK_EVERY_MS);
    const answer = await fetch(`${url}/health/ready`).catch(() => undefined);
    if (answer?.ok === true) return;
    missing = (await answer?.text().catch(() => '')) ?? '';
  }
  throw new CliError('up.not-ready', `${name} was not ready after ${READY_TIMEOUT_MS / 1000} s: ${missing}`);
}

function endOf(child: ChildProcess): Promise<string> {
  return new Promise((resolve) => {
    child.once('error', (error) => {
      resolve(error.message);
    });
    child.once('exit', (code, signal) => {
      resolve(signal ?? `exit code ${code ?? 'unknown'}`);
    });
  });
}

async function stop(child: ChildProcess, how?: 'now'): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return;
  const exited = once(child, 'exit');
  child.kill(how === 'now' ? 'SIGKILL' : 'SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), STOP_TIMEOUT_MS);
  await exited;
  clearTimeout(timer);
}
