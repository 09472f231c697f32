import {
  clientEnrolled,
  downloadDelivered,
  downloadLost,
  experimentFailed,
  experimentFinished,
  roundAbandoned,
  roundCommitted,
  roundOpened,
  uploadDelivered,
  uploadLost,
  uploadSent,
  type ExperimentSpec,
  uploadWithheld,
  type Contract,
  type DataOf,
  type Envelope,
} from '#contracts';
import type { InProcessBroker } from '#events';
import { codeOf } from '#operations';
import { closingFigures, roundFigures, type ClosingFigures, type ExperimentRecord, type RoundFigures } from '#storage';
import { CliError } from '../cli-error.ts';
import { compareCompletions } from '../commands/compare-completions.ts';
import type { Enrolment } from '../progress/plan-run.ts';
import type { ComparedCompletion } from '../progress/run-figures.ts';
import type { ClientPhase, RunEvent, RunSource } from './run-source.ts';

/** A run whose services are in this process: heard on their broker, read from the record. */
export class RunInProcess implements RunSource {
  private readonly experiment: string;
  private readonly home: string;
  private readonly broker: InProcessBroker;
  private readonly record: ExperimentRecord;
  private readonly nowMs: () => number;
  private readonly enrolled = new Map<string, Enrolment>();

  constructor(parts: {
    experiment: string;
    home: string;
    broker: InProcessBroker;
    record: ExperimentRecord;
    nowMs: () => number;
  }) {
    this.home = parts.home;
    this.experiment = parts.experiment;
    this.broker = parts.broker;
    this.record = parts.record;
    this.nowMs = parts.nowMs;
  }

  watch(hear: (event: RunEvent, atMs: number) => void, fail: (error: Error) => void): () => void {
    const stopWatching = this.broker.watch((envelope) => {
      if (envelope.experiment !== this.experiment) return;
      if (is(clientEnrolled, envelope)) this.enrolled.set(envelope.data.client, envelope.data);
      const event = eventOf(envelope);
      if (event !== undefined) hear(event, this.nowMs());
    });
    const stopListening = this.broker.onFault(({ service, type, error }) => {
      const message = `the ${service} could not handle ${type}: ${error.message}`;
      fail(new CliError(codeOf(error) ?? 'run.fault', message, { cause: error }));
    });
    return () => {
      stopWatching();
      stopListening();
    };
  }

  enrolments(): Promise<readonly Enrolment[]> {
    return Promise.resolve([...this.enrolled.values()]);
  }

  async round(number: number): Promise<RoundFigures | undefined> {
    const [figures] = await this.record.use((db) => roundFigures(db, this.experiment, number));
    return figures;
  }

  closing(): Promise<ClosingFigures> {
    return this.record.use((db) => closingFigures(db, this.experiment));
  }

  completions(spec: ExperimentSpec): Promise<readonly ComparedCompletion[]> {
    const [client] = [...this.enrolled.keys()].sort();
    if (client === undefined) return Promise.resolve([]);
    return compareCompletions(this.record, this.home, { id: this.experiment, spec, client });
  }
}

/** What a fact on the wire means to those who watch. */
export function eventOf(envelope: Envelope): RunEvent | undefined {
  if (is(roundOpened, envelope)) return { kind: 'round-opened', round: envelope.data.round };
  if (is(roundCommitted, envelope) || is(roundAbandoned, envelope))
    return { kind: 'round-closed', round: envelope.data.round };
  if (is(experimentFinished, envelope)) return { kind: 'finished' };
  if (is(experimentFailed, envelope)) return { kind: 'failed', ...envelope.data };
  const moved = (client: string, to: ClientPhase): RunEvent => ({ kind: 'client-moved', client, to });
  if (is(downloadDelivered, envelope)) return moved(envelope.data.client, 'training');
  if (is(uploadSent, envelope)) return moved(envelope.data.client, 'sending');
  if (is(downloadLost, envelope) || is(uploadLost, envelope)) return moved(envelope.data.client, 'lost');
  if (is(uploadDelivered, envelope) || is(uploadWithheld, envelope)) return moved(envelope.data.client, 'done');
  return undefined;
}

/** Whether an envelope carries this contract's fact. */
function is<C extends Contract>(contract: C, envelope: Envelope): envelope is Envelope<DataOf<C>> {
  return envelope.type === contract.name;
}
