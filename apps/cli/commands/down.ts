import { setTimeout as sleep } from 'node:timers/promises';
import { EXIT } from '#operations';
import { holderOf } from '#storage';
import { CliError } from '../cli-error.ts';
import type { Settings } from '../settings.ts';
import { runningUp } from './status.ts';

/** Longer than `up` gives its services. */
const TIMEOUT_MS = 120_000;

/** `airtune down`: asks the `airtune up` of this home to stop, and waits until it has. Answers the exit code. */
export async function down(settings: Settings, process: NodeJS.Process): Promise<number> {
  const { home } = settings;
  const state = await runningUp(home);
  if (state === undefined) {
    process.stdout.write(`nothing runs in ${home}\n`);
    return EXIT.success;
  }
  process.kill(state.pid, 'SIGTERM');
  for (let waitedMs = 0; waitedMs < TIMEOUT_MS; waitedMs += 100) {
    if ((await holderOf(home))?.pid !== state.pid) {
      process.stdout.write('stopped\n');
      return EXIT.success;
    }
    await sleep(100);
  }
  throw new CliError(
    'up.not-stopped',
    `process ${state.pid} was asked to stop and has not after ${TIMEOUT_MS / 1000} s`,
  );
}
