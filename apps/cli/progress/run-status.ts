import type { ClientPhase, RunEvent } from '../following/run-source.ts';
import type { RunStatus } from './run-figures.ts';

/** Keeps count of where a run is, from what its source tells. Time is the caller's, in ms. */
export class RunStatusCounter {
  private readonly rounds: number;
  private readonly phases = new Map<string, ClientPhase>();
  private round = 0;
  private openedAtMs: number | undefined;
  private firstRound: number | undefined;
  private readonly startedAtMs: number;
  private readonly closing: number;

  /** `closing` is what clients train after the last download, in rounds' worth of training. */
  constructor(rounds: number, nowMs: number, closing = 0) {
    this.rounds = rounds;
    this.startedAtMs = nowMs;
    this.closing = closing;
  }

  /** Takes an event in; answers whether it changed the status. */
  take(event: RunEvent, nowMs: number): boolean {
    if (event.kind === 'round-opened') this.open(event.round, nowMs);
    else if (event.kind === 'client-moved') this.phases.set(event.client, event.to);
    else return false;
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

  /** Rounds to come times the mean duration of those that this process has seen; how far a closing training is, nobody says. */
  private remaining(nowMs: number): number | undefined {
    const seen = this.round - (this.firstRound ?? this.round);
    if (seen < 1 || (this.closing > 0 && this.round > this.rounds)) return undefined;
    const perRound = (nowMs - (this.openedAtMs ?? this.startedAtMs)) / seen;
    return Math.max(0, this.rounds + 1 - this.round + this.closing) * perRound;
  }
}
