import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { readKafkaSettings } from '#events';
import { httpConnection, runBattery, type CheckResult, type RewardConnection } from '#reward-models';
import { CliError } from '../../cli-error.ts';
import type { Console } from '../../progress/console.ts';
import { connectOverKafka } from './connect-reward.ts';

export interface CheckOptions {
  /** Where it answers HTTP; without it, and with brokers in the environment, it is asked over Kafka. */
  readonly url?: string;
  /** Starts the service; with it the check may restart it, and ends it afterwards. */
  readonly command?: string;
  readonly timeoutMs: number;
  readonly json: boolean;
}

const DEFAULT_URL = 'http://127.0.0.1:7810';
const START_TIMEOUT_MS = 60_000;
const MARKS = { conforms: 'ok     ', fails: 'FAILS  ', skipped: 'skipped' } as const;

/** The conformance kit: sends a battery to a running reward model, says of each check what was found, and fails if one fails. */
export async function checkReward(
  name: string,
  options: CheckOptions,
  console: Console,
): Promise<{ readonly conforms: boolean }> {
  const { url, command, timeoutMs } = options;
  const kafka = url === undefined ? readKafkaSettings(process.env) : undefined;
  const connection =
    kafka === undefined
      ? httpConnection(url ?? DEFAULT_URL, timeoutMs, process.env['AIRTUNE_TOKEN'])
      : await connectOverKafka(name, kafka, timeoutMs);
  let service: ChildProcess | undefined;
  const say = (line: object, text: string): void => {
    console.stdout.write(`${options.json ? JSON.stringify(line) : text}\n`);
  };
  try {
    if (command !== undefined) service = await startCommand(command, connection);
    const results = await runBattery(connection, {
      name,
      run: `check-${process.pid}-${Math.floor(performance.timeOrigin)}`,
      restart:
        command === undefined
          ? undefined
          : async () => {
              await end(service);
              service = await startCommand(command, connection);
            },
      onResult: (result) => {
        say({ event: 'reward.check', ...result }, `${MARKS[result.outcome]}  ${result.check}: ${result.detail}`);
      },
    });
    const failed = countOf(results, 'fails');
    const figures = { conforms: countOf(results, 'conforms'), fails: failed, skipped: countOf(results, 'skipped') };
    say(
      { event: 'reward.checked', model: name, ...figures },
      `\n${name} ${failed === 0 ? 'conforms' : 'does not conform'}: ${figures.conforms} of ${results.length} checks, ${failed} failed, ${figures.skipped} skipped`,
    );
    return { conforms: failed === 0 };
  } finally {
    await end(service);
    await connection.close();
  }
}

function countOf(results: readonly CheckResult[], outcome: CheckResult['outcome']): number {
  return results.filter((result) => result.outcome === outcome).length;
}

/** Runs a shell command in a process group of its own and waits until what it starts can be asked. */
async function startCommand(command: string, connection: RewardConnection): Promise<ChildProcess> {
  const child = spawn(command, { shell: true, detached: true, stdio: ['ignore', 'ignore', 'inherit'] });
  const deadline = performance.now() + START_TIMEOUT_MS;
  while (child.exitCode === null && performance.now() < deadline) {
    if ((await connection.ask('is it there?', [])).outcome === 'scored') return child;
    await sleep(200);
  }
  await end(child);
  throw new CliError('reward.serve', `\`${command}\` started nothing that answers within ${START_TIMEOUT_MS / 1000} s`);
}

async function end(child: ChildProcess | undefined): Promise<void> {
  if (child?.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  const exit = once(child, 'exit');
  process.kill(-child.pid, 'SIGTERM');
  await exit;
}
