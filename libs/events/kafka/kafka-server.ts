import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { contracts, type Topic, topics } from '#contracts';
import { Logger } from '@nestjs/common';
import PQueue from 'p-queue';
import type { BlobShelf } from '../blob-shelf.ts';
import { ContractServer } from '../contract-server.ts';
import { type DeadLetter, type OnDeadLetter, reasonOf } from '../dead-letter.ts';
import { addressFor, type Listener } from '../listener.ts';
import type { RetryPolicy } from '../retry-policy.ts';
import { encodeDeadLetter, legibleHeaders } from './dead-letter-record.ts';
import { GroupReader, type Reading } from './group-reader.ts';
import type { KafkaConnection } from './kafka-connection.ts';
import type { LaneHost, PlacedRecord } from './lane.ts';
import { type OpenedRecord, openRecord } from './open-record.ts';
import { deadLetterTopic, topicName } from './topic-names.ts';
import type { WireRecord } from './wire-record.ts';

/** A database or a service that restarts is back within five minutes; what fails longer is a dead letter, and can be retried. */
const RETRIES: RetryPolicy = { firstMs: 50, mostMs: 5000, forMs: 300_000 };

/** A sender that was silent for this long does not finish its blob. */
const ORPHAN_AFTER_MS = 600_000;

/** A handler that takes longer when the service stops is left to itself. */
const LAST_WAIT_MS = 10_000;

/** How long a boot waits until everything that was kept has been read. */
const REPLAY_MS = 60_000;

export interface KafkaServerOptions {
  /** Keeps dead letters in the record, beside the topic that they go to. */
  readonly onDeadLetter?: OnDeadLetter;
  readonly retries?: RetryPolicy;
  readonly orphanAfterMs?: number;
  readonly lastWaitMs?: number;
}

/**
 * Nest's transport strategy for Kafka. What is for a service is shared among its replicas in one consumer group; what is
 * for everybody is read by each process in a group of its own, from the beginning where the topic keeps the last word of
 * each key.
 */
export class KafkaServer extends ContractServer {
  private readonly connection: KafkaConnection;
  private readonly host: LaneHost;
  private readonly onDeadLetter: OnDeadLetter;
  private readonly log = new Logger('Kafka');
  private readers: GroupReader[] = [];
  private closing = false;

  constructor(connection: KafkaConnection, listener: Listener, blobs: BlobShelf, options: KafkaServerOptions = {}) {
    super(listener);
    this.connection = connection;
    this.onDeadLetter = options.onDeadLetter ?? (() => undefined);
    this.host = {
      shelf: blobs,
      retries: options.retries ?? RETRIES,
      orphanAfterMs: options.orphanAfterMs ?? ORPHAN_AFTER_MS,
      lastWaitMs: options.lastWaitMs ?? LAST_WAIT_MS,
      places: new PQueue({ concurrency: listener.concurrency ?? 1 }),
      open: (record) => this.open(record, true),
      hand: (envelope) => this.hand(envelope),
      bury: (record, error) => this.bury(record, error),
    };
  }

  listen(callback: (error?: unknown) => void): void {
    this.start().then(() => {
      callback();
    }, callback);
  }

  async close(): Promise<void> {
    this.closing = true;
    await Promise.all(this.readers.map((reader) => reader.stop()));
  }

  // eslint-disable-next-line @typescript-eslint/no-unnecessary-type-parameters -- Nest's signature
  unwrap<T>(): T {
    return this.connection as T;
  }

  /** Whether the service hears: it is a member of all its groups. */
  get isReady(): boolean {
    return this.readers.length > 0 && this.readers.every(({ isMember }) => isMember);
  }

  /** Messages that are stored and not handled yet, as far as this process has heard. */
  get lag(): number {
    return this.readers.reduce((sum, { lag }) => sum + lag, 0);
  }

  private async start(): Promise<void> {
    await this.connection.ensureTopicsOf(this.listener);
    // What is kept is read first: it says what the rest is about.
    const readings = this.readings().sort((left, right) => Number(left.remembers) - Number(right.remembers));
    for (const reading of readings) {
      const reader = new GroupReader(this.connection, reading, {
        ...this.host,
        open: (record) => this.open(record, reading.remembers),
      });
      await reader.start();
      this.readers.push(reader);
      if (reading.from === 'beginning' && !reading.remembers) await this.replayed(reader, reading);
    }
  }

  /** The topics of the contracts that this service handles, by how they are read. */
  private readings(): Reading[] {
    const handled = contracts.filter(({ name }) => this.messageHandlers.has(name));
    const heard = new Set(handled.flatMap(({ routes }) => routes.map(({ topic }) => topic)));
    const { prefix } = this.connection.settings;
    const own = groupName(prefix, this.listener);
    const process = randomBytes(6).toString('hex');
    const readings = [...heard].flatMap((topic: Topic): Reading[] => {
      const address = addressFor(this.listener, topic);
      if (address === undefined) return [];
      const { readBy, keep } = topics[topic];
      const name = topicName(this.connection.settings, address);
      if (readBy !== 'everybody') return [{ group: own, topics: [name], remembers: true, from: 'beginning' }];
      const group = `${own}.${topic}.${process}`;
      return [{ group, topics: [name], remembers: false, from: keep === 'last-of-key' ? 'beginning' : 'now' }];
    });
    return readings;
  }

  private async replayed(reader: GroupReader, { topics: names }: Reading): Promise<void> {
    for (const topic of names) {
      const ends = await this.connection.endOffsets(topic);
      const isHandled = (): boolean => [...ends].every(([partition, end]) => reader.hasHandled(topic, partition, end));
      for (let waited = 0; !isHandled() && waited < REPLAY_MS && !this.closing; waited += 20) await sleep(20);
    }
  }

  private open(record: WireRecord, sharedTopic: boolean): OpenedRecord | undefined {
    return openRecord(record, (type) => this.messageHandlers.has(type), sharedTopic);
  }

  /** Keeps a dead letter; if that fails, the message is read again. */
  private async bury(record: PlacedRecord, error: unknown): Promise<void> {
    const letter: DeadLetter = {
      service: this.service,
      topic: record.topic,
      partition: record.partition,
      offset: Number(record.offset),
      ...reasonOf(error),
      key: record.key?.toString('utf8') ?? '',
      headers: legibleHeaders(record),
      value: record.value ?? new Uint8Array(),
    };
    this.log.error(
      `${letter.topic}/${String(letter.partition)}@${String(letter.offset)} cannot be handled: ${letter.reason}`,
    );
    await this.connection.send(deadLetterTopic(this.connection.settings), encodeDeadLetter(letter));
    await this.onDeadLetter(letter);
  }
}

/** The consumer group that shares what is for this listener: `airtune.channel`, `airtune.site.lab-7`, `airtune.reward.safety`. */
function groupName(prefix: string, { service, site, model }: Listener): string {
  if (site !== undefined) return `${prefix}.site.${site}`;
  return model === undefined ? `${prefix}.${service}` : `${prefix}.reward.${model}`;
}
