import { contracts } from '#contracts';
import { Publisher } from '#events';
import { claimOutbox, ExperimentRecord, forgetOutgoing, listOutgoing, type OutgoingFact, withCommit } from '#storage';
import { Injectable, type OnModuleDestroy } from '@nestjs/common';
import { ReportFault } from './report-fault.ts';

/** Facts that are published in one transaction. */
const MOST_AT_ONCE = 100;

/**
 * Publishes what turns have stated: each experiment's facts in order, by one replica at a time. A fact is forgotten only
 * after it was published; whoever hears it twice, because a relay died in between, knows it by its id and its content.
 */
@Injectable()
export class RelayOutbox implements OnModuleDestroy {
  readonly #record: ExperimentRecord;
  readonly #publisher: Publisher;
  readonly #faults: ReportFault;
  readonly #busy = new Map<string, Promise<void>>();
  readonly #again = new Set<string>();
  #closed = false;

  constructor(record: ExperimentRecord, publisher: Publisher, faults: ReportFault) {
    this.#record = record;
    this.#publisher = publisher;
    this.#faults = faults;
  }

  /** Publishes what there is, soon. */
  wake(experiment: string): void {
    if (this.#closed) return;
    if (this.#busy.has(experiment)) {
      this.#again.add(experiment);
      return;
    }
    const work = this.#publishAll(experiment).finally(() => {
      this.#busy.delete(experiment);
      if (this.#again.delete(experiment)) this.wake(experiment);
    });
    this.#busy.set(experiment, work);
  }

  /** Resolves when nothing is being published any more. */
  async settled(): Promise<void> {
    while (this.#busy.size > 0) await Promise.all(this.#busy.values());
  }

  async onModuleDestroy(): Promise<void> {
    this.#closed = true;
    await this.settled();
  }

  async #publishAll(experiment: string): Promise<void> {
    try {
      while (!this.#closed && (await this.#publishSome(experiment)));
    } catch (error) {
      this.#faults.report(`Facts of ${experiment} could not be published`, error);
    }
  }

  /** Answers whether there may be more. */
  async #publishSome(experiment: string): Promise<boolean> {
    return this.#record.transaction(async (db) => {
      const [claimed, facts] = await Promise.all([
        claimOutbox(db, experiment),
        listOutgoing(db, experiment, MOST_AT_ONCE),
      ]);
      if (!claimed) return false;
      await this.#publishInOrder(facts);
      if (facts.length > 0) {
        const published = facts.map(({ id }) => id);
        withCommit(db, forgetOutgoing(db, published));
      }
      return facts.length === MOST_AT_ONCE;
    });
  }

  /** Small ones together; a blob takes its time, and what is said after it must not overtake it. */
  async #publishInOrder(facts: readonly OutgoingFact[]): Promise<void> {
    const underWay: Promise<void>[] = [];
    for (const fact of facts) {
      if (fact.blob !== null) await Promise.all(underWay.splice(0));
      const published = this.#publish(fact);
      if (fact.blob === null) underWay.push(published);
      else await published;
    }
    await Promise.all(underWay);
  }

  async #publish({ experimentId, contract: name, data, blob }: OutgoingFact): Promise<void> {
    const contract = contracts.find((known) => known.name === name);
    if (contract === undefined) throw new Error(`There is no contract ${name}.`);
    const options = { experiment: experimentId, ...(blob === null ? {} : { blob }) };
    await this.#publisher.publish(contract, data, options);
  }
}
