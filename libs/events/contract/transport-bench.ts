import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Envelope } from '#contracts';
import { BlobStore } from '#storage';
import { type INestMicroservice, Logger, type Type } from '@nestjs/common';
import { Clock } from '../clock.ts';
import type { DeadLetter } from '../dead-letter.ts';
import { InProcessBroker } from '../in-process/broker.ts';
import { InProcessPublisher } from '../in-process/in-process-publisher.ts';
import { InProcessServer } from '../in-process/in-process-server.ts';
import { encodeEvent } from '../kafka/event-record.ts';
import { KafkaConnection } from '../kafka/kafka-connection.ts';
import { KafkaPublisher } from '../kafka/kafka-publisher.ts';
import { KafkaServer, type KafkaServerOptions } from '../kafka/kafka-server.ts';
import type { KafkaSettings } from '../kafka/kafka-settings.ts';
import { topicName } from '../kafka/topic-names.ts';
import type { Address, Listener } from '../listener.ts';
import type { Publisher } from '../publisher.ts';
import { startService } from '../start-service.ts';

/** Noon, whenever one looks. */
export class Noon extends Clock {
  now(): Date {
    return new Date('2026-01-01T12:00:00Z');
  }
}

/** A transport under test: who speaks on it, who listens, and what becomes of what nobody can handle. */
export abstract class TransportBench {
  readonly deadLetters: DeadLetter[] = [];
  protected readonly folder: string;
  private readonly services: INestMicroservice[] = [];

  constructor(folder: string) {
    this.folder = folder;
    // What is put aside is expected here, and told by `deadLetters`.
    Logger.overrideLogger(false);
  }

  /** A blob store of its own. */
  newStore(): BlobStore {
    return new BlobStore(join(this.folder, randomBytes(4).toString('hex')));
  }

  abstract publisher(source: string, blobs: BlobStore): Publisher;

  /** Sends an event as somebody else might have written it. */
  abstract sendAsIs(address: Address, envelope: Envelope): Promise<void>;

  async start(
    probe: Type,
    listener: Listener,
    blobs = this.newStore(),
    options: KafkaServerOptions = {},
  ): Promise<INestMicroservice> {
    const onDeadLetter = (letter: DeadLetter): void => void this.deadLetters.push(letter);
    const service = await startService(probe, this.server(listener, blobs, { onDeadLetter, ...options }));
    this.services.push(service);
    return service;
  }

  /** Stops one service, or all that run. */
  async stop(...services: INestMicroservice[]): Promise<void> {
    const leaving = services.length === 0 ? [...this.services] : services;
    for (const service of leaving) this.services.splice(this.services.indexOf(service), 1);
    await Promise.all(leaving.map((service) => service.close()));
  }

  async close(): Promise<void> {
    await this.stop();
    await rm(this.folder, { recursive: true, force: true });
  }

  protected abstract server(
    listener: Listener,
    blobs: BlobStore,
    options: KafkaServerOptions,
  ): InProcessServer | KafkaServer;
}

class InProcessBench extends TransportBench {
  private readonly broker = new InProcessBroker();

  publisher(source: string, blobs: BlobStore): Publisher {
    return new InProcessPublisher({ broker: this.broker, source, blobs, clock: new Noon() });
  }

  async sendAsIs(address: Address, envelope: Envelope): Promise<void> {
    const { key, type } = envelope;
    await this.broker.send({ address, key, type, json: JSON.stringify(envelope) });
  }

  protected server(listener: Listener, blobs: BlobStore, options: KafkaServerOptions): InProcessServer {
    return new InProcessServer(this.broker, listener, blobs, options);
  }
}

/** The bench on a broker; what is beside the contract is reached through `connection`. */
export class KafkaBench extends TransportBench {
  readonly connection: KafkaConnection;

  constructor(folder: string, connection: KafkaConnection) {
    super(folder);
    this.connection = connection;
  }

  publisher(source: string, blobs: BlobStore): Publisher {
    return new KafkaPublisher({ connection: this.connection, source, blobs, clock: new Noon() });
  }

  async sendAsIs(address: Address, envelope: Envelope): Promise<void> {
    await this.connection.send(topicName(this.connection.settings, address), encodeEvent(envelope));
  }

  override async close(): Promise<void> {
    await super.close();
    await this.connection.close();
  }

  protected server(listener: Listener, blobs: BlobStore, options: KafkaServerOptions): KafkaServer {
    return new KafkaServer(this.connection, listener, blobs, options);
  }
}

export async function openInProcessBench(): Promise<TransportBench> {
  return new InProcessBench(await mkdtemp(join(tmpdir(), 'airtune-transport-')));
}

export async function openKafkaBench(settings: KafkaSettings): Promise<KafkaBench> {
  const folder = await mkdtemp(join(tmpdir(), 'airtune-transport-'));
  return new KafkaBench(folder, await KafkaConnection.open(settings));
}

/** Waits until something holds; fails after `ms` with what did not. */
export async function until(holds: () => boolean | Promise<boolean>, ms = 20_000): Promise<void> {
  for (let waited = 0; waited < ms; waited += 10) {
    if (await holds()) return;
    await sleep(10);
  }
  throw new Error(`after ${String(ms)} ms this did not hold: ${holds.toString()}`);
}
