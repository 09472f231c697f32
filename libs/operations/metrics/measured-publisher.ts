import type { Contract } from '#contracts';
import { type PublishOptions, Publisher } from '#events';
import type { Metrics } from './metrics.ts';

/** A publisher that counts what is stated through it. */
export class MeasuredPublisher extends Publisher {
  readonly #publisher: Publisher;
  readonly #metrics: Metrics;

  constructor(publisher: Publisher, metrics: Metrics) {
    super();
    this.#publisher = publisher;
    this.#metrics = metrics;
  }

  override async publish<Data>(contract: Contract<string, Data>, data: Data, options: PublishOptions): Promise<void> {
    await this.#publisher.publish(contract, data, options);
    this.#metrics.published.inc({ fact: contract.name });
  }
}
