import {
  clientEnrolled,
  experimentFailed,
  experimentFinished,
  roundAbandoned,
  roundCommitted,
  roundOpened,
  type BaseModel,
  type Envelope,
  type ExperimentSpec,
} from '#contracts';
import type { InProcessBroker } from '#events';
import { CliError } from '../cli-error.ts';
import { planRun, type Enrolment } from '../progress/plan-run.ts';
import type { Reporter } from '../progress/reporter.ts';
import { closingFigures, roundFigures, type ClosingFigures, type ExperimentRecord } from '#storage';
import { is, RunStatusCounter } from '../progress/run-status.ts';

/** The experiment that is driven, and where its figures are recorded. */
export interface DrivenRun {
  readonly experiment: string;
  readonly spec: ExperimentSpec;
  readonly base: BaseModel;
  readonly record: ExperimentRecord;
}

/** Why a run stopped before its end. */
export class Interrupted extends Error {
  override readonly name = 'Interrupted';
}

/**
 * Starts a run and tells its reporter what happens until it is finished.
 * @throws CliError `run.failed` when it cannot go on, Interrupted when the signal says stop.
 */
export async function driveRun(
  run: DrivenRun,
  broker: InProcessBroker,
  reporter: Reporter,
  nowMs: () => number,
  signal: AbortSignal,
  start: () => Promise<void>,
): Promise<ClosingFigures> {
  const { spec } = run;
  const status = new RunStatusCounter(spec.rounds, nowMs());
  const enrolments = new Map<string, Enrolment>();
  let telling = Promise.resolve();
  let planned = false;
  const ending = Promise.withResolvers<undefined>();
  let starting = Promise.resolve();
  const tell = (what: () => void | Promise<void>): void => {
    telling = telling.then(what);
    telling.catch(ending.reject);
  };
  const tellRound = (round: number): void => {
    tell(async () => {
      const [figures] = await run.record.use((db) => roundFigures(db, run.experiment, round));
      if (figures !== undefined) reporter.round(figures, spec.rounds);
    });
  };

  const take = (envelope: Envelope): void => {
    if (envelope.experiment !== run.experiment) return;
    if (is(clientEnrolled, envelope)) enrolments.set(envelope.data.client, envelope.data);
    if (is(roundOpened, envelope) && !planned) {
      planned = true;
      tell(() => {
        reporter.plan(planRun(run.experiment, spec, run.base, [...enrolments.values()]));
      });
    }
    if (status.take(envelope, nowMs())) {
      tell(() => {
        reporter.status(status.status(nowMs()));
      });
    }
    // How good the model of round r is, clients say when they receive it: by the end of round r + 1.
    if (is(roundCommitted, envelope) || is(roundAbandoned, envelope)) tellRound(envelope.data.round - 1);
    if (is(experimentFinished, envelope)) {
      tellRound(spec.rounds);
      tell(() => {
        ending.resolve(undefined);
      });
    }
    if (is(experimentFailed, envelope)) ending.reject(new CliError(envelope.data.code, envelope.data.message));
  };

  const stopWatching = broker.watch(take);
  const stopListening = broker.onFault(({ service, type, error }) => {
    ending.reject(
      new CliError(faultCode(error), `the ${service} could not handle ${type}: ${error.message}`, { cause: error }),
    );
  });
  const interrupt = (): void => {
    ending.reject(new Interrupted('interrupted'));
  };
  signal.addEventListener('abort', interrupt);
  try {
    if (signal.aborted) interrupt();
    else starting = start();
    starting.catch(ending.reject);
    await ending.promise;
    const closing = await run.record.use((db) => closingFigures(db, run.experiment));
    reporter.finished(closing);
    return closing;
  } finally {
    await starting.catch(() => undefined);
    signal.removeEventListener('abort', interrupt);
    stopWatching();
    stopListening();
    reporter.close();
  }
}

function faultCode(error: Error): string {
  const code = (error as { code?: unknown }).code;
  return typeof code === 'string' ? code : 'run.fault';
}
