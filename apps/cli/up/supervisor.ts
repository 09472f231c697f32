import { setTimeout as sleep } from 'node:timers/promises';
import type { Part, RunningPart } from './part.ts';

export interface PartStatus {
  readonly name: string;
  readonly state: 'starting' | 'running' | 'waiting' | 'stopped';
  readonly address: string | undefined;
  readonly pid: number | undefined;
  readonly restarts: number;
}

export interface SupervisorHooks {
  /** Hears of every change, with the status of all parts. */
  readonly onChange: (all: readonly PartStatus[]) => void;
  /** Hears in words of what died and what is done about it. */
  readonly onNote: (text: string) => void;
  readonly nowMs: () => number;
}

const FIRST_WAIT_MS = 500;
const FIRST_ATTEMPTS = 5;
const LONGEST_WAIT_MS = 30_000;
/** What ran for so long before it died is started again as if for the first time. */
const STEADY_MS = 60_000;

interface Kept {
  readonly part: Part;
  status: PartStatus;
  running: RunningPart | undefined;
  watching: Promise<void>;
}

/** Starts parts one after another, starts again what dies, with longer and longer waits, and stops all in the other order. */
export class Supervisor {
  private readonly kept: Kept[] = [];
  private readonly hooks: SupervisorHooks;
  private readonly stopping = new AbortController();

  constructor(hooks: SupervisorHooks) {
    this.hooks = hooks;
  }

  /** Starts a part and keeps it running from then on. Rejects when its first start fails. */
  async keep(part: Part): Promise<RunningPart> {
    this.stopping.signal.throwIfAborted();
    const status = { name: part.name, state: 'starting', address: undefined, pid: undefined, restarts: 0 } as const;
    const kept: Kept = { part, status, running: undefined, watching: Promise.resolve() };
    this.kept.push(kept);
    this.change(kept, {});
    const starting = this.startFirst(kept);
    // Whoever stops everything waits for what is just being started, and that then ends itself.
    kept.watching = starting.then(
      () => undefined,
      () => undefined,
    );
    const running = await starting;
    kept.watching = this.watch(kept, running);
    return running;
  }

  /** What only has to wait, for a broker that is still loading, is tried again; anything else is for the user to mend. */
  private async startFirst(kept: Kept): Promise<RunningPart> {
    const { signal } = this.stopping;
    let running: RunningPart | undefined;
    for (let attempt = 1; running === undefined; attempt += 1) {
      try {
        running = await kept.part.start();
      } catch (error) {
        const { retryable } = error as { readonly retryable?: boolean };
        if (retryable !== true || attempt === FIRST_ATTEMPTS || signal.aborted) throw error;
        await sleep(FIRST_WAIT_MS, undefined, { signal });
      }
    }
    if (this.stopping.signal.aborted) {
      await running.stop();
      this.stopping.signal.throwIfAborted();
    }
    this.nowRuns(kept, running);
    return running;
  }

  status(): readonly PartStatus[] {
    return this.kept.map(({ status }) => status);
  }

  /** Ends everything, the last that was started first; `now`, without waiting. */
  async stop(how?: 'now'): Promise<void> {
    this.stopping.abort();
    for (const kept of [...this.kept].reverse()) {
      await kept.running?.stop(how);
      await kept.watching;
      this.change(kept, { state: 'stopped', pid: undefined });
    }
  }

  private nowRuns(kept: Kept, running: RunningPart): void {
    kept.running = running;
    this.change(kept, { state: 'running', address: running.address, pid: running.pid });
  }

  private async watch(kept: Kept, first: RunningPart): Promise<void> {
    let waitMs = FIRST_WAIT_MS;
    for (let running: RunningPart | undefined = first; running !== undefined;) {
      const sinceMs = this.hooks.nowMs();
      const how = await running.ended;
      kept.running = undefined;
      if (this.stopping.signal.aborted) return;
      if (this.hooks.nowMs() - sinceMs > STEADY_MS) waitMs = FIRST_WAIT_MS;
      this.hooks.onNote(`${kept.part.name} ended (${how})`);
      running = await this.again(kept, () => (waitMs = Math.min(LONGEST_WAIT_MS, 2 * waitMs)) / 2);
    }
  }

  /** Tries until it starts; undefined when all is to stop. */
  private async again(kept: Kept, nextWaitMs: () => number): Promise<RunningPart | undefined> {
    const { signal } = this.stopping;
    // It changes while this waits, which the compiler does not know.
    const isOver = (): boolean => signal.aborted;
    for (;;) {
      const waitMs = nextWaitMs();
      this.change(kept, { state: 'waiting', pid: undefined, restarts: kept.status.restarts + 1 });
      this.hooks.onNote(`${kept.part.name} is started again in ${waitMs / 1000} s`);
      await sleep(waitMs, undefined, { signal }).catch(() => undefined);
      if (isOver()) return undefined;
      this.change(kept, { state: 'starting' });
      try {
        const running = await kept.part.start();
        if (isOver()) await running.stop();
        else this.hooks.onNote(`${kept.part.name} runs again`);
        this.nowRuns(kept, running);
        return running;
      } catch (error) {
        this.hooks.onNote(
          `${kept.part.name} does not start: ${error instanceof Error ? error.message : String(error)}`,
        );
      }
    }
  }

  private change(kept: Kept, change: Partial<PartStatus>): void {
    kept.status = { ...kept.status, ...change };
    this.hooks.onChange(this.status());
  }
}
