import {
  downloadDelivered,
  downloadLost,
  roundOpened,
  uploadDelivered,
  uploadLost,
  uploadSent,
  uploadWithheld,
  type Contract,
  type DataOf,
  type Envelope,
} from '#contracts';
import type { RunStatus } from './run-figures.ts';

/** Keeps count of where a run is, from the facts that its services state. Time is the caller's, in ms. */
export class RunStatusCounter {
  private readonly rounds: number;
  private readonly phases = new Map<string, 'training' | 'sending' | 'lost' | 'done'>();
  private round = 0;
  private openedAtMs: number | undefined;
  private firstRound: number | undefined;
  private readonly startedAtMs: number;

  constructor(rounds: number, nowMs: number) {
    this.rounds = rounds;
    this.startedAtMs = nowMs;
  }

  /** Takes a fact in; answers whether it changed the status. */
  take(envelope: Envelope, nowMs: number): boolean {
    if (is(roundOpened, envelope)) {
      this.open(envelope.data.round, nowMs);
      return true;
    }
    const phase = phaseAfter(envelope);
    if (phase === undefined) return false;
    this.phases.set(phase.client, phase.phase);
    return true;
  }

  status(nowMs: number): RunStatus {
    const phases = [...this.phases.values()];
    const remainingMs = this.remaining(nowMs);
    return {
      round: this.round,
      rounds: this.rounds,
      training: phases.filter((phase) => phase === 'training').length,
      sending: phases.filter((phase) => phase === 'sending').length,
      lost: phases.filter((phase) => phase === 'lost').length,
      ...(remainingMs === undefined ? {} : { remainingMs }),
    };
  }

  private open(round: number, nowMs: number): void {
    this.round = round;
    this.phases.clear();
    this.firstRound ??= round;
    this.openedAtMs ??= nowMs;
  }

  /** Rounds to come times the mean duration of those that this process has seen. */
  private remaining(nowMs: number): number | undefined {
    const seen = this.round - (this.firstRound ?? this.round);
    if (seen < 1) return undefined;
    const perRound = (nowMs - (this.openedAtMs ?? this.startedAtMs)) / seen;
    return Math.max(0, this.rounds + 1 - this.round) * perRound;
  }
}

function phaseAfter(
  envelope: Envelope,
): { client: string; phase: 'training' | 'sending' | 'lost' | 'done' } | undefined {
  if (is(downloadDelivered, envelope)) return { client: envelope.data.client, phase: 'training' };
  if (is(uploadSent, envelope)) return { client: envelope.data.client, phase: 'sending' };
  if (is(downloadLost, envelope) || is(uploadLost, envelope)) return { client: envelope.data.client, phase: 'lost' };
  if (is(uploadDelivered, envelope) || is(uploadWithheld, envelope))
    return { client: envelope.data.client, phase: 'done' };
  return undefined;
}

/** Whether an envelope carries this contract's fact. */
export function is<C extends Contract>(contract: C, envelope: Envelope): envelope is Envelope<DataOf<C>> {
  return envelope.type === contract.name;
}
