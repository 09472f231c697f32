import type { BaseModel, ExperimentSpec } from '#contracts';
import { ownIterations } from '#methods';
import type { ClosingFigures } from '#storage';
import { CliError } from '../cli-error.ts';
import { planRun } from '../progress/plan-run.ts';
import type { Reporter } from '../progress/reporter.ts';
import { RunStatusCounter } from '../progress/run-status.ts';
import type { RunEvent, RunSource } from './run-source.ts';

/** The experiment that is driven, and where it is watched. */
export interface DrivenRun {
  readonly experiment: string;
  readonly spec: ExperimentSpec;
  readonly base: BaseModel;
  readonly source: RunSource;
}

/** Why a run is not watched to its end. */
export class Interrupted extends Error {
  override readonly name = 'Interrupted';
}

/**
 * Starts a run and tells its reporter what happens until it is finished.
 * @throws CliError with the code of what went wrong when it cannot go on, Interrupted when the signal says stop.
 */
export async function driveRun(
  run: DrivenRun,
  reporter: Reporter,
  signal: AbortSignal,
  start: () => Promise<void>,
): Promise<ClosingFigures> {
  const { experiment, spec, base, source } = run;
  let status: RunStatusCounter | undefined;
  let telling = Promise.resolve();
  let planned = false;
  const ending = Promise.withResolvers<undefined>();
  let starting = Promise.resolve();
  const tell = (what: () => void | Promise<void>): void => {
    telling = telling.then(what);
    telling.catch(ending.reject);
  };
  const tellRound = (round: number): void => {
    if (round < 1) return;
    tell(async () => {
      const figures = await source.round(round);
      if (figures !== undefined) reporter.round(figures, spec.rounds);
    });
  };

  const take = (event: RunEvent, atMs: number): void => {
    status ??= new RunStatusCounter(spec.rounds, atMs, ownIterations(spec) / spec.ppo.iterations);
    if (event.kind === 'round-opened' && !planned) {
      planned = true;
      tell(async () => {
        reporter.plan(planRun(experiment, spec, base, await source.enrolments()));
      });
    }
    if (status.take(event, atMs)) {
      const now = status.status(atMs);
      tell(() => {
        reporter.status(now);
      });
    }
    // How good the model of round r is, clients say when they receive it: by the end of round r + 1.
    if (event.kind === 'round-closed') tellRound(event.round - 1);
    if (event.kind === 'finished') {
      tellRound(spec.rounds);
      tell(() => {
        ending.resolve(undefined);
      });
    }
    if (event.kind === 'note') reporter.note(event.text);
    if (event.kind === 'failed') ending.reject(new CliError(event.code, event.message));
  };

  const stopWatching = source.watch(take, ending.reject);
  const interrupt = (): void => {
    ending.reject(new Interrupted('interrupted'));
  };
  signal.addEventListener('abort', interrupt);
  try {
    if (signal.aborted) interrupt();
    else starting = start();
    starting.catch(ending.reject);
    await ending.promise;
    const closing = await source.closing();
    // The figures come last: the last line of JSON is theirs.
    const compared = closing.metrics.reward === undefined ? [] : await source.completions(spec);
    if (compared.length > 0) reporter.compared(compared);
    reporter.finished(closing);
    return closing;
  } finally {
    await starting.catch(() => undefined);
    signal.removeEventListener('abort', interrupt);
    stopWatching();
    reporter.close();
  }
}
