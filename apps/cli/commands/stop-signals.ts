import { EXIT } from '../exit-codes.ts';

export interface StopSignals {
  readonly signal: AbortSignal;
  /** The exit code of the signal that came, if one came. */
  exitCode(): number | undefined;
  release(): void;
}

/** Ctrl-C and SIGTERM ask to stop; a second one stops at once. */
export function listenForStop(process: NodeJS.Process): StopSignals {
  const controller = new AbortController();
  let code: number | undefined;
  const stop = (exitCode: number) => () => {
    if (code !== undefined) process.exit(exitCode);
    code = exitCode;
    controller.abort();
  };
  const onInterrupt = stop(EXIT.interrupted);
  const onTerminate = stop(EXIT.terminated);
  process.on('SIGINT', onInterrupt);
  process.on('SIGTERM', onTerminate);
  return {
    signal: controller.signal,
    exitCode: () => code,
    release: () => {
      process.off('SIGINT', onInterrupt);
      process.off('SIGTERM', onTerminate);
    },
  };
}
