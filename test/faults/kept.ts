import { setTimeout as sleep } from 'node:timers/promises';
import type { Part, RunningPart } from '../../apps/cli/up/part.ts';

/** A part that is started again whenever it ends, until it is told to stay away. */
export class Kept {
  readonly part: Part;
  /** How it ended, each time that it did. */
  readonly ends: string[] = [];
  private running: RunningPart | undefined;
  private watching: Promise<void> = Promise.resolve();
  private ending = false;

  constructor(part: Part) {
    this.part = part;
  }

  get name(): string {
    return this.part.name;
  }

  /** Where it was reached last. */
  get address(): string {
    return this.running?.address ?? '';
  }

  /** Whether it is there, or comes back by itself. */
  get isKept(): boolean {
    return !this.ending;
  }

  async begin(): Promise<RunningPart> {
    this.ending = false;
    const running = await this.part.start();
    this.running = running;
    this.watching = this.watch(running);
    return running;
  }

  /** Ends it as a power cut would; `stayAway` until the next {@link begin}. */
  async kill({ stayAway = false } = {}): Promise<void> {
    const { running } = this;
    if (running?.pid === undefined) throw new Error(`${this.name} does not run`);
    this.ending = stayAway;
    // The broker is a group of its own: whoever keeps it, and itself.
    process.kill(this.name === 'broker' ? -running.pid : running.pid, 'SIGKILL');
    await running.ended;
  }

  /** Stops it in order. */
  async end(): Promise<void> {
    this.ending = true;
    await this.running?.stop();
    await this.watching;
    await this.running?.stop();
  }

  private async again(): Promise<RunningPart | undefined> {
    while (!this.ending) {
      try {
        this.running = await this.part.start();
        return this.running;
      } catch {
        await sleep(500);
      }
    }
    return undefined;
  }

  private async watch(first: RunningPart): Promise<void> {
    for (let running = first; ;) {
      this.ends.push(await running.ended);
      if (this.ending) return;
      const again = await this.again();
      if (again === undefined) return;
      // Told to stay away while it was being started.
      if (!this.isKept) await again.stop();
      running = again;
    }
  }
}
