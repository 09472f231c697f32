import { spawn, type ChildProcess, type StdioOptions } from 'node:child_process';
import { once } from 'node:events';
import { CliError } from '../../cli-error.ts';

/** A reward-model service in a process of its own. */
export interface RewardProcess {
  readonly url: string;
  readonly child: ChildProcess;
  /** Resolves when it has ended. */
  stop(): Promise<void>;
}

export interface RewardProcessOptions {
  readonly path: string;
  readonly variables: NodeJS.ProcessEnv;
  readonly stdio: StdioOptions;
}

/** Starts the service of a reward model and resolves once it listens. Throws CliError `reward.serve` when it ends before. */
export async function startRewardProcess({ path, variables, stdio }: RewardProcessOptions): Promise<RewardProcess> {
  const main = new URL('../../../reward-model/main.js', import.meta.url);
  const child = spawn(process.execPath, ['--enable-source-maps', main.pathname], {
    env: { ...variables, AIRTUNE_REWARD_MODEL: path },
    stdio,
  });
  const ended = once(child, 'exit') as Promise<[number | null]>;
  const started = once(child, 'message') as Promise<[unknown]>;
  const first = await Promise.race([started, ended.then(([code]) => code)]);
  if (!Array.isArray(first))
    throw new CliError(
      'reward.serve',
      `the service ended while it started (code ${first ?? 'unknown'}); its log says why`,
    );
  const url = listeningUrl(first[0]);
  const stop = async (): Promise<void> => {
    if (child.exitCode === null) child.kill('SIGTERM');
    await ended;
  };
  return { url, child, stop };
}

function listeningUrl(message: unknown): string {
  const { listening } = message as { readonly listening?: string | { readonly url: string } };
  const url = typeof listening === 'object' ? listening.url : listening;
  if (url === undefined) throw new CliError('reward.serve', `the service could not start: ${JSON.stringify(message)}`);
  return url;
}
