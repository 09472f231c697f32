import { createLogUpdate } from 'log-update';
import { isTerminal, type Console } from './console.ts';
import { duration } from './figures.ts';

const STEPS_A_LINE = 100;

/** What a training says while it goes on: `step` often, other phases now and then. */
export interface TrainingPhase {
  readonly phase: string;
  readonly step?: number;
  readonly steps?: number;
}

/** Says what a training does: JSON lines named `<prefix>.<phase>`, or lines with one live line where there is a terminal. */
export class TrainingTeller<Progress extends TrainingPhase> {
  private readonly console: Console;
  private readonly json: boolean;
  private readonly now: () => number;
  private readonly prefix: string;
  private readonly describe: (progress: Progress) => string;
  private readonly passes: (progress: Progress) => boolean;
  private readonly live: ReturnType<typeof createLogUpdate> | undefined;
  private begun: { readonly step: number; readonly atMs: number } | undefined;

  constructor(
    console: Console,
    options: {
      readonly json: boolean;
      readonly now: () => number;
      readonly prefix: string;
      readonly describe: (progress: Progress) => string;
      /** What the next word may take the place of, where there is a terminal; by default a step. */
      readonly passes?: (progress: Progress) => boolean;
    },
  ) {
    this.console = console;
    this.json = options.json;
    this.now = options.now;
    this.prefix = options.prefix;
    this.describe = options.describe;
    this.passes = options.passes ?? (({ phase }) => phase === 'step');
    this.live = !options.json && isTerminal(console.stdout) ? createLogUpdate(console.stdout) : undefined;
  }

  tell(progress: Progress): void {
    const isStep = progress.phase === 'step';
    const due = !isStep || (progress.step ?? 0) % STEPS_A_LINE === 0;
    if (this.json) {
      const { phase, ...figures } = progress;
      if (due) this.object(`${this.prefix}.${phase}`, figures);
      return;
    }
    const text = `${this.describe(progress)}${isStep ? this.remaining(progress) : ''}`;
    if (this.passes(progress) && this.live !== undefined) this.live(text);
    else if (due) this.line(text);
  }

  /** The last word: one object, or lines for a reader. */
  finished(event: string, report: object, lines: readonly string[]): void {
    if (this.json) this.object(event, report);
    else this.line(lines.join('\n'));
  }

  close(): void {
    this.live?.clear();
    this.live?.done();
  }

  private remaining({ step = 0, steps = 0 }: TrainingPhase): string {
    this.begun ??= { step, atMs: this.now() };
    const done = step - this.begun.step;
    if (done < 5) return '';
    return ` · about ${duration(((this.now() - this.begun.atMs) / done) * (steps - step))} to go`;
  }

  private line(text: string): void {
    this.live?.clear();
    this.console.stdout.write(`${text}\n`);
  }

  private object(event: string, figures: object): void {
    this.console.stdout.write(`${JSON.stringify({ event, ...figures })}\n`);
  }
}
