import { Clock } from '#events';
import { addSite, ExperimentRecord, listSites, type Site } from '#storage';
import { Injectable } from '@nestjs/common';
import { CoordinatorError } from './coordinator-error.ts';

/** The sites that may enrol clients. */
@Injectable()
export class KnownSites {
  readonly #record: ExperimentRecord;
  readonly #clock: Clock;

  constructor(record: ExperimentRecord, clock: Clock) {
    this.#record = record;
    this.#clock = clock;
  }

  list(): Promise<Site[]> {
    return this.#record.use(listSites);
  }

  /** Lets a site in: from now on it may enrol clients, and nobody else under its name. Throws `site.other-key`. */
  async letIn(name: string, publicKey: string): Promise<Site> {
    const site = { name, publicKey, trusted: 'by-operator' as const, addedAt: this.#clock.now() };
    const found = await this.#record.use((db) => addSite(db, site));
    if (found.publicKey === publicKey) return found;
    throw new CoordinatorError(
      'site.other-key',
      `${name} was let in on ${found.addedAt.toISOString()} under another key, ${found.publicKey}: a key is never replaced. Let the site come under another name.`,
    );
  }
}
