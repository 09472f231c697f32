import { once } from 'node:events';
import { resolve } from 'node:path';
import { openRewardModel } from '#reward-models';
import { listenForStop } from '../stop-signals.ts';
import { startRewardProcess } from './reward-process.ts';

export interface ServeOptions {
  readonly host?: string;
  readonly port?: number;
}

/** Starts a reward model's service and keeps it until Ctrl-C; its log goes to standard output. */
export async function serveReward(path: string, options: ServeOptions, process: NodeJS.Process): Promise<void> {
  // Opened here first: what is wrong with it is said in plain words, not in the service's log.
  const model = await openRewardModel(path);
  const { name, version, kind, digest } = model.card;
  await model.close();
  const stop = listenForStop(process);
  try {
    const service = await startRewardProcess({
      path: resolve(path),
      variables: {
        ...process.env,
        ...(options.host === undefined ? {} : { AIRTUNE_HOST: options.host }),
        ...(options.port === undefined ? {} : { AIRTUNE_PORT: String(options.port) }),
      },
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    });
    process.stderr.write(`${name}, version ${version} (${kind}, ${digest}): POST ${service.url}/score\n`);
    const stopped = once(stop.signal, 'abort');
    const [code] = (await Promise.race([once(service.child, 'exit'), stopped.then(() => [0])])) as [number | null];
    await service.stop();
    process.exitCode = stop.exitCode() ?? code ?? 1;
  } finally {
    stop.release();
  }
}
