import { EventSource } from 'eventsource';
import { z } from 'zod';
import type { ClosingFigures, RoundFigures } from '#storage';
import { CliError } from '../cli-error.ts';
import type { Enrolment } from '../progress/plan-run.ts';
import type { CoordinatorClient } from '../remote/coordinator-client.ts';
import type { ClientPhase, RunEvent, RunSource } from './run-source.ts';

/** An entry of an experiment's ledger as the event stream has it. */
const entrySchema = z.object({
  entry: z.int(),
  kind: z.string(),
  covers: z.record(z.string(), z.unknown()),
  recordedAt: z.string(),
});
type Entry = z.infer<typeof entrySchema>;

/** A run at a coordinator elsewhere: heard by its event stream, from the first entry on, read by REST. */
export class RunAtCoordinator implements RunSource {
  private readonly experiment: string;
  private readonly client: CoordinatorClient;
  private readonly note: (text: string) => void;

  /** `note` hears that the connection is lost, and that it is there again. */
  constructor(experiment: string, client: CoordinatorClient, note: (text: string) => void) {
    this.experiment = experiment;
    this.client = client;
    this.note = note;
  }

  watch(hear: (event: RunEvent, atMs: number) => void, fail: (error: Error) => void): () => void {
    const { client } = this;
    let lost = false;
    // Between two connections nothing else keeps the process alive.
    const alive = setInterval(() => undefined, 60_000);
    const stream = new EventSource(client.urlOf(`/experiments/${encodeURIComponent(this.experiment)}/events`), {
      fetch: async (url, init) => {
        const response = await fetch(url, { ...init, headers: { ...init.headers, ...client.headers() } });
        // A coordinator whose database is away says so, and is tried again like one that is away itself.
        if (response.status >= 500) throw new Error(`it answers ${response.status}`);
        return response;
      },
    });
    stream.onopen = () => {
      if (lost) this.note('the coordinator is there again');
      lost = false;
    };
    stream.onerror = ({ code, message }) => {
      if (stream.readyState === stream.CLOSED) {
        fail(
          new CliError(
            'coordinator.refused',
            `the events of ${this.experiment} cannot be read: ${message ?? ''} ${code ?? ''}`,
          ),
        );
      } else if (!lost) {
        lost = true;
        this.note(`the connection to ${client.address.url} is lost (${message ?? 'closed'}); trying again`);
      }
    };
    stream.onmessage = ({ data }: { data: string }) => {
      const entry = entrySchema.parse(JSON.parse(data));
      const atMs = Date.parse(entry.recordedAt);
      const event = eventOfEntry(entry);
      if (event?.kind === 'failed') this.failUnlessResumed(event, atMs, hear, fail);
      else if (event !== undefined) hear(event, atMs);
    };
    return () => {
      clearInterval(alive);
      stream.close();
    };
  }

  async enrolments(): Promise<readonly Enrolment[]> {
    const clients = await this.client.enrolments(this.experiment);
    return clients.map((client) => ({
      site: client.site,
      client: client.name,
      baseDigest: client.baseDigest,
      dataDigest: client.dataDigest,
      deviceClass: client.deviceClass,
      examples: {
        train: client.trainExamples,
        personalTest: client.personalTestExamples,
        generalTest: client.generalTestExamples,
      },
      parameters: { shared: client.sharedParameters, personal: client.personalParameters },
      labels: [...client.labels],
      ...(client.labelHistogram === null ? {} : { labelHistogram: [...client.labelHistogram] }),
      majorityClass: client.majorityClassAccuracy,
      notes: [...(client.notes ?? [])],
    }));
  }

  async round(number: number): Promise<RoundFigures | undefined> {
    const [figures] = await this.client.rounds(this.experiment, number);
    return figures;
  }

  closing(): Promise<ClosingFigures> {
    return this.client.figures(this.experiment);
  }

  /** Texts are at the sites. */
  completions(): Promise<readonly []> {
    return Promise.resolve([]);
  }

  /** A failure in an experiment's past was gone on from. */
  private failUnlessResumed(
    event: RunEvent,
    atMs: number,
    hear: (event: RunEvent, atMs: number) => void,
    fail: (error: Error) => void,
  ): void {
    this.client.show(this.experiment).then(({ state }) => {
      if (state !== 'running' && state !== 'enrolling') hear(event, atMs);
    }, fail);
  }
}

/** What an entry of the ledger means to those who watch. */
export function eventOfEntry({ kind, covers }: Entry): RunEvent | undefined {
  const client = String(covers['client']);
  const moved = (to: ClientPhase): RunEvent => ({ kind: 'client-moved', client, to });
  switch (kind) {
    case 'round.opened':
      return { kind: 'round-opened', round: Number(covers['number']) };
    case 'round.committed':
    case 'round.abandoned':
      return { kind: 'round-closed', round: Number(covers['number']) };
    case 'transmission':
      if (covers['outcome'] === 'lost') return moved('lost');
      return moved(covers['direction'] === 'downlink' ? 'training' : 'done');
    case 'local_training':
      return moved('sending');
    case 'contribution':
      return covers['verdict'] === 'withheld' ? moved('done') : undefined;
    case 'enrolment.refused':
      return { kind: 'note', text: `${String(covers['client'] ?? covers['site'])}: ${String(covers['message'])}` };
    case 'enrolment.unread': {
      const [service, contract, message] = ['service', 'contract', 'message'].map((name) => String(covers[name]));
      const text = `the ${service ?? ''} could not read ${contract ?? ''} (${message ?? ''}): airtune dead-letters list`;
      return { kind: 'note', text };
    }
    case 'enrolment.missing':
      return { kind: 'note', text: `no site has enrolled ${namesIn(covers['missing'])} yet` };
    case 'rewards.away':
      return { kind: 'note', text: String(covers['message']) };
    case 'experiment.finished':
      return { kind: 'finished' };
    case 'experiment.failed':
      return { kind: 'failed', code: String(covers['failure_code']), message: String(covers['failure_message']) };
    case 'experiment.cancelled':
      return {
        kind: 'failed',
        code: 'experiment.cancelled',
        message: 'it was cancelled; `airtune resume` takes it up again',
      };
    default:
      return undefined;
  }
}

function namesIn(missing: unknown): string {
  const names = Array.isArray(missing) ? missing.map(String) : [];
  return names.slice(0, 20).join(', ') + (names.length > 20 ? ` and ${names.length - 20} more` : '');
}
