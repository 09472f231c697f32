import { setTimeout as sleep } from 'node:timers/promises';
import type { Kafka, Message, Producer } from 'kafkajs';
import { pausesMs, type RetryPolicy } from '../retry-policy.ts';
import { TransportError } from '../transport-error.ts';
import { kafkajs } from './kafka-library.ts';
import { spendBuffers } from './spend-buffers.ts';
import type { HeaderText, WireRecord } from './wire-record.ts';
import { sizeOf } from './wire-record.ts';

/** A record that is to be sent. */
export type Outgoing = WireRecord & { readonly headers: HeaderText };

/** A broker that restarts is back by then. */
const OUTAGE: RetryPolicy = { firstMs: 200, mostMs: 3000, forMs: 120_000 };

/** The records as they were, joined for their checksum, for their batch, and for the wire. */
const COPIES = 4;

interface Waiting {
  readonly topic: string;
  readonly records: readonly Outgoing[];
  readonly bytes: number;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Sends records in the order in which they are handed over. What comes while a request is under way goes into the next
 * one together, so that many small messages cost few requests. The producer is idempotent: a request that the client
 * library repeats is stored once.
 */
export class RecordSender {
  private readonly kafka: Kafka;
  private readonly mostBytes: number;
  private readonly passes: (error: unknown) => boolean;
  private closing = false;
  private readonly waiting: Waiting[] = [];
  private producer: Producer | undefined;
  private running: Promise<void> | undefined;

  /** `passes` says of an error whether it is an outage that will pass. `mostBytes` is what one request may carry for a topic: the broker takes no batch above a message's limit. */
  constructor(kafka: Kafka, mostBytes: number, passes: (error: unknown) => boolean) {
    this.kafka = kafka;
    this.mostBytes = mostBytes;
    this.passes = passes;
  }

  async connect(): Promise<void> {
    this.producer ??= await this.newProducer();
  }

  /**
   * Resolves when the broker has stored the records, which go out in one request. Once closed it takes none: a producer that
   * is opened for what comes too late would hold the process up. @throws TransportError `kafka.closed`.
   */
  send(topic: string, records: readonly Outgoing[]): Promise<void> {
    if (this.closing)
      return Promise.reject(
        new TransportError('kafka.closed', `nothing is sent to ${topic} any more`, { retryable: true }),
      );
    return new Promise((resolve, reject) => {
      const bytes = records.reduce((sum, record) => sum + sizeOf(record), 0);
      this.waiting.push({ topic, records, bytes, resolve, reject });
      this.running ??= this.run();
    });
  }

  /** Sends what waits, then disconnects. */
  async close(): Promise<void> {
    this.closing = true;
    await this.running;
    await this.producer?.disconnect();
    this.producer = undefined;
  }

  private async run(): Promise<void> {
    // A turn later, so that what is said in one turn goes out in one request.
    await Promise.resolve();
    for (;;) {
      const batch = this.takeBatch();
      if (batch.length === 0) break;
      await this.deliver(batch);
    }
    this.running = undefined;
  }

  /** Tries until the broker is back, or for as long as {@link OUTAGE} says; whatever waits behind keeps its place. */
  private async deliver(batch: readonly Waiting[]): Promise<void> {
    const pauses = pausesMs(OUTAGE);
    for (;;) {
      try {
        this.producer ??= await this.newProducer();
        await this.producer.sendBatch({ acks: -1, topicMessages: grouped(batch) });
        spendBuffers(COPIES * bytesOf(batch));
        for (const { resolve } of batch) resolve();
        return;
      } catch (error) {
        // The broker may have stored a part. A producer that went on would number its next records like those, and the
        // broker would take them for repetitions; a new one numbers from the beginning.
        await this.replaceProducer();
        const pause = this.closing || !this.passes(error) ? undefined : pauses.next();
        if (pause === undefined || pause.done === true) {
          for (const { reject } of batch) reject(error);
          return;
        }
        await sleep(pause.value);
      }
    }
  }

  private takeBatch(): Waiting[] {
    const perTopic = new Map<string, number>();
    let count = 0;
    for (const { topic, bytes } of this.waiting) {
      const sum = (perTopic.get(topic) ?? 0) + bytes;
      if (count > 0 && sum > this.mostBytes) break;
      perTopic.set(topic, sum);
      count += 1;
    }
    return this.waiting.splice(0, count);
  }

  private async newProducer(): Promise<Producer> {
    const producer = this.kafka.producer({
      idempotent: true,
      allowAutoTopicCreation: false,
      maxInFlightRequests: 1,
      createPartitioner: kafkajs.Partitioners.DefaultPartitioner,
    });
    await producer.connect();
    return producer;
  }

  private async replaceProducer(): Promise<void> {
    const { producer } = this;
    this.producer = undefined;
    await producer?.disconnect().catch(() => undefined);
  }
}

function bytesOf(batch: readonly Waiting[]): number {
  return batch.reduce((sum, { bytes }) => sum + bytes, 0);
}

function grouped(batch: readonly Waiting[]): { topic: string; messages: Message[] }[] {
  const byTopic = new Map<string, Message[]>();
  for (const { topic, records } of batch) {
    const messages = byTopic.get(topic) ?? [];
    byTopic.set(topic, messages);
    messages.push(...records.map(({ key, value, headers }) => ({ key, value, headers })));
  }
  return [...byTopic].map(([topic, messages]) => ({ topic, messages }));
}
