import { join } from 'node:path';
import { InProcessBroker, InProcessPublisher, InProcessServer, startService, SystemClock } from '#events';
import { BlobStore, type ExperimentRecord, openSigningKey } from '#storage';
import type { INestMicroservice } from '@nestjs/common';
import { CoordinatorModule, type CoordinatorParts } from '../../apps/coordinator/coordinator.module.ts';
import { Experiments } from '../../apps/coordinator/experiments.ts';
import { Turns } from '../../apps/coordinator/turns.ts';
import { initial, OtherSide } from './other-side.ts';

/** What a coordinator of a {@link World} is given beside what all have. */
interface Parts extends Partial<CoordinatorParts> {
  readonly store?: string;
  readonly server?: ConstructorParameters<typeof InProcessServer>[3];
}

/** What an experiment came to, and how many entries its ledger has of each kind. */
export interface WorldOutcome {
  readonly state?: string;
  readonly digest?: string;
  readonly kinds: Readonly<Record<string, number>>;
}

/** A transport with its other side, and any number of coordinators on one record. */
export class World {
  readonly broker = new InProcessBroker();
  readonly faults: string[] = [];
  /** Errors outside of handlers. */
  readonly told: string[] = [];
  readonly side: OtherSide;
  readonly #folder: string;
  readonly #record: ExperimentRecord;
  readonly #coordinators: INestMicroservice[] = [];

  constructor(folder: string, record: ExperimentRecord) {
    this.#folder = folder;
    this.#record = record;
    this.broker.onFault(({ type, error }) => this.faults.push(`${type}: ${error.message}`));
    this.side = new OtherSide(this.broker, new BlobStore(join(folder, 'other')), new BlobStore(join(folder, 'blobs')));
  }

  async coordinator(parts: Parts = {}, publishes: () => boolean = () => true): Promise<Experiments> {
    return (await this.service(parts, publishes)).get(Experiments);
  }

  async service(
    { store = 'blobs', server = {}, ...parts }: Parts = {},
    publishes: () => boolean = () => true,
  ): Promise<INestMicroservice> {
    const blobs = new BlobStore(join(this.#folder, store));
    await blobs.put(initial);
    const clock = new SystemClock();
    const signer = await openSigningKey(join(this.#folder, 'keys'));
    const publisher = new InProcessPublisher({ broker: this.broker, source: 'coordinator', blobs, clock });
    const publish = publisher.publish.bind(publisher);
    publisher.publish = (...said) => (publishes() ? publish(...said) : Promise.reject(new Error('the broker is away')));
    const onFault = (error: Error) => void this.told.push(error.message);
    const module = CoordinatorModule.register({
      ...{ publisher, clock, record: this.#record, blobs, signer, onFault },
      ...parts,
    });
    const service = await startService(
      module,
      new InProcessServer(this.broker, { service: 'coordinator', concurrency: 64 }, blobs, server),
    );
    this.#coordinators.push(service);
    return service;
  }

  /** Until nobody has anything to say any more. */
  async settled(): Promise<void> {
    for (let said = -1; said !== this.side.heard.length;) {
      said = this.side.heard.length;
      await this.side.settled(this.broker);
      for (const coordinator of this.#coordinators) await coordinator.get(Turns).settled();
    }
  }

  async rows<T>(sql: string, ...parameters: unknown[]): Promise<T[]> {
    return this.#record.use((db) => db.query<T[]>(sql, parameters));
  }

  async outcome(id: string): Promise<WorldOutcome> {
    const [experiment] = await this.rows<{ state: string; digest: string }>(
      'SELECT state, global_digest AS digest FROM airtune.experiment WHERE id = $1',
      id,
    );
    const kinds = await this.rows<{ kind: string; count: number }>(
      `SELECT kind, count(*)::int AS count FROM airtune.ledger WHERE experiment_id = $1 AND kind <> 'experiment.resumed'
        GROUP BY kind ORDER BY kind`,
      id,
    );
    return { ...experiment, kinds: Object.fromEntries(kinds.map(({ kind, count }) => [kind, count])) };
  }

  /** Until an experiment has finished, or ten seconds are over. */
  async finished(id: string): Promise<void> {
    for (let waited = 0; waited < 200 && (await this.outcome(id)).state !== 'finished'; waited++)
      await new Promise((resolve) => setTimeout(resolve, 50));
    await this.settled();
  }

  async close(): Promise<void> {
    for (const coordinator of this.#coordinators.splice(0)) await coordinator.close();
  }
}
