import { EXIT } from '#operations';

export interface StopSignals {
  readonly signal: AbortSignal;
  /** The exit code of the signal that came, if one came. */
  exitCode(): number | undefined;
  release(): void;
}

/**
 * Ctrl-C and SIGTERM ask to stop, and so does a reader who closes standard output. A second signal ends the process as if
 * nobody listened. Not by `exit`: that ends the training threads first, and a thread inside of ONNX Runtime answers with
 * an abort.
 */
export function listenForStop(process: NodeJS.Process): StopSignals {
  const controller = new AbortController();
  let code: number | undefined;
  const stop = (exitCode: number, signal: NodeJS.Signals) => () => {
    if (code !== undefined) {
      release();
      process.kill(process.pid, signal);
      return;
    }
    code = exitCode;
    controller.abort();
  };
  const onInterrupt = stop(EXIT.interrupted, 'SIGINT');
  const onTerminate = stop(EXIT.terminated, 'SIGTERM');
  const onClosedOutput = (error: NodeJS.ErrnoException): void => {
    code ??= error.code === 'EPIPE' ? EXIT.failed : EXIT.environment;
    controller.abort();
  };
  const release = (): void => {
    process.stdout.off('error', onClosedOutput);
    process.off('SIGINT', onInterrupt);
    process.off('SIGTERM', onTerminate);
  };
  process.stdout.on('error', onClosedOutput);
  process.on('SIGINT', onInterrupt);
  process.on('SIGTERM', onTerminate);
  return { signal: controller.signal, exitCode: () => code, release };
}
