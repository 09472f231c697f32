/** What a service tells the process that started it, where that has opened a channel to it: once, how its start went. */
export type StartReport =
  | { readonly listening: string }
  | { readonly failed: { readonly code: string; readonly message: string; readonly retryable: boolean } };

export function tellStarter(process: NodeJS.Process, report: StartReport): void {
  process.send?.(report);
}

/** Resolves with why to stop: a signal, the end of the process that started this one, or an error. */
export function askedToStop(process: NodeJS.Process): {
  readonly reason: Promise<string | Error>;
  readonly fail: (error: Error) => void;
  readonly release: () => void;
} {
  const asked = Promise.withResolvers<string | Error>();
  const onSignal = (signal: NodeJS.Signals): void => {
    asked.resolve(signal);
  };
  const onDisconnect = (): void => {
    asked.resolve('the process that started this one is gone');
  };
  process.on('SIGTERM', onSignal);
  process.on('SIGINT', onSignal);
  if (process.channel !== undefined) process.on('disconnect', onDisconnect);
  return {
    reason: asked.promise,
    fail: asked.resolve,
    release: () => {
      process.off('SIGTERM', onSignal);
      process.off('SIGINT', onSignal);
      process.off('disconnect', onDisconnect);
      if (process.channel !== undefined) process.disconnect();
    },
  };
}
