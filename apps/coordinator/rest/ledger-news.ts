import { ExperimentRecord } from '#storage';
import { Injectable, Logger, type OnModuleDestroy } from '@nestjs/common';

/** The trigger on the ledger says the experiment's name here; see the record's migrations. */
const CHANNEL = 'airtune_ledger';

/** Wakes those who wait for new entries of a ledger; one connection listens for all of them, from the first one on. */
@Injectable()
export class LedgerNews implements OnModuleDestroy {
  readonly #record: ExperimentRecord;
  readonly #log = new Logger(LedgerNews.name);
  readonly #waiting = new Map<string, Set<() => void>>();
  #listening: Promise<() => Promise<void>> | undefined;

  constructor(record: ExperimentRecord) {
    this.#record = record;
  }

  /** Calls `wake` at every new entry of an experiment, or when some may have been missed, until the result is called. */
  subscribe(experiment: string, wake: () => void): () => void {
    this.#listen();
    const waiting = this.#waiting.get(experiment) ?? new Set();
    this.#waiting.set(experiment, waiting.add(wake));
    return () => {
      waiting.delete(wake);
      if (waiting.size === 0 && this.#waiting.get(experiment) === waiting) this.#waiting.delete(experiment);
    };
  }

  async onModuleDestroy(): Promise<void> {
    const stop = await this.#listening?.catch(() => undefined);
    await stop?.();
  }

  /** Where the database is away just now, whoever reads finds that out; the next subscriber tries again. */
  #listen(): void {
    if (this.#listening !== undefined) return;
    this.#listening = this.#record.listen(CHANNEL, (experiment) => {
      this.#tell(experiment);
    });
    this.#listening.then(
      () => {
        // What was written before somebody listened was told to nobody.
        this.#tell('');
      },
      (error: unknown) => {
        this.#listening = undefined;
        this.#log.warn(`nobody listens to the ledger: ${error instanceof Error ? error.message : String(error)}`);
      },
    );
  }

  #tell(experiment: string): void {
    const told = experiment === '' ? [...this.#waiting.values()] : [this.#waiting.get(experiment) ?? new Set()];
    for (const wake of told.flatMap((waiting) => [...waiting])) wake();
  }
}
