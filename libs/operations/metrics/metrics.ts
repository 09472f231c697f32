import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';

/** What one service counts, as Prometheus reads it; names and labels are listed in the README. */
export class Metrics {
  readonly registry = new Registry();
  readonly published: Counter<'fact'>;
  readonly handled: Counter<'fact' | 'outcome'>;
  readonly handling: Histogram<'fact'>;
  readonly blobBytes: Counter<'direction'>;

  constructor(labels: Readonly<Record<string, string>>) {
    this.registry.setDefaultLabels(labels);
    collectDefaultMetrics({ register: this.registry });
    const registers = [this.registry];
    this.published = new Counter({
      name: 'airtune_facts_published_total',
      help: 'Facts stated, by name',
      labelNames: ['fact'],
      registers,
    });
    this.handled = new Counter({
      name: 'airtune_facts_handled_total',
      help: 'Facts handled, by name and outcome (done, failed)',
      labelNames: ['fact', 'outcome'],
      registers,
    });
    this.handling = new Histogram({
      name: 'airtune_fact_handling_seconds',
      help: 'Time from delivery to the end of the handler',
      labelNames: ['fact'],
      buckets: [0.001, 0.005, 0.02, 0.1, 0.5, 2],
      registers,
    });
    this.blobBytes = new Counter({
      name: 'airtune_blob_bytes_total',
      help: 'Bytes of parameter blobs read for sending (sent) and stored from the wire (received)',
      labelNames: ['direction'],
      registers,
    });
  }

  /** A counter or gauge whose values are read anew at each scrape. */
  gauge<Label extends string>(
    name: string,
    help: string,
    labelNames: readonly Label[],
    read: () => Promise<readonly { readonly labels: Record<Label, string>; readonly value: number }[]>,
  ): void {
    new Gauge({
      name,
      help,
      labelNames,
      registers: [this.registry],
      async collect() {
        const values = await read();
        this.reset();
        for (const { labels, value } of values) this.set(labels, value);
      },
    });
  }

  histogram<Label extends string>(
    name: string,
    help: string,
    labelNames: readonly Label[],
    buckets: readonly number[],
  ): Histogram<Label> {
    return new Histogram({ name, help, labelNames, buckets: [...buckets], registers: [this.registry] });
  }
}
