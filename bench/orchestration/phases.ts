import { roundAbandoned, roundCommitted, roundOpened, roundPlanned, uploadDelivered, uploadSent } from '#contracts';

type Phase = 'measureLinks' | 'downlinkAndAnswer' | 'uplinkAndRecord' | 'close';

/** Where the time of training rounds goes, by the facts that are stated: seconds a round, by phase. */
export class Phases {
  readonly #seconds: Record<Phase, number> = { measureLinks: 0, downlinkAndAnswer: 0, uplinkAndRecord: 0, close: 0 };
  readonly #rounds: number[] = [];
  #begun = 0;
  #last = 0;

  take(type: string): void {
    const now = performance.now() / 1000;
    if (type === roundPlanned.name) {
      this.#begun = now;
      this.#last = now;
    }
    if (type === roundOpened.name) this.#end('measureLinks', now);
    if (type === uploadSent.name) this.#end('downlinkAndAnswer', now);
    if (type === uploadDelivered.name) this.#end('uplinkAndRecord', now);
    if (type === roundCommitted.name || type === roundAbandoned.name) {
      this.#end('close', now);
      this.#rounds.push(now - this.#begun);
    }
  }

  perRound(): { readonly secondsPerRound: number; readonly phases: Readonly<Record<Phase, number>> } {
    const count = this.#rounds.length;
    const mean = (sum: number): number => Number((sum / count).toPrecision(3));
    return {
      secondsPerRound: mean(this.#rounds.reduce((sum, seconds) => sum + seconds, 0)),
      phases: {
        measureLinks: mean(this.#seconds.measureLinks),
        downlinkAndAnswer: mean(this.#seconds.downlinkAndAnswer),
        uplinkAndRecord: mean(this.#seconds.uplinkAndRecord),
        close: mean(this.#seconds.close),
      },
    };
  }

  #end(phase: Phase, now: number): void {
    this.#seconds[phase] += now - this.#last;
    this.#last = now;
  }
}
