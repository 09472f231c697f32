import type { BlobReference, Contract, Envelope, Route } from '#contracts';
import type { BlobShelf } from '../blob-shelf.ts';
import type { Clock } from '../clock.ts';
import { type PublishOptions, Publisher } from '../publisher.ts';
import { addressOf, keyedFor } from '../route-message.ts';
import { seal } from '../seal.ts';
import { TransportError } from '../transport-error.ts';
import { encodeChunk } from './chunk-record.ts';
import { encodeEvent } from './event-record.ts';
import type { KafkaConnection } from './kafka-connection.ts';
import type { Outgoing } from './record-sender.ts';
import { topicName } from './topic-names.ts';

/** A little under 1 MiB: with its frame it still fits the power of two by which the client library grows its buffers. */
const CHUNK_BYTES = 1_048_000;

/** Chunks that are read ahead of the broker. */
const IN_FLIGHT = 2;

/** One service's voice on Kafka. */
export class KafkaPublisher extends Publisher {
  private readonly connection: KafkaConnection;
  private readonly source: string;
  private readonly blobs: BlobShelf;
  private readonly clock: Clock;

  constructor(parts: { connection: KafkaConnection; source: string; blobs: BlobShelf; clock: Clock }) {
    super();
    this.connection = parts.connection;
    this.source = parts.source;
    this.blobs = parts.blobs;
    this.clock = parts.clock;
  }

  override async publish<Data>(contract: Contract<string, Data>, data: Data, options: PublishOptions): Promise<void> {
    const envelope = seal(contract, data, options, this.source, this.clock);
    const blob = await this.reference(contract, options);
    await Promise.all(
      contract.routes.map((route) =>
        this.sendAlong(route, keyedFor(route, envelope), route.blob === true ? blob : undefined),
      ),
    );
  }

  private async sendAlong(route: Route, envelope: Envelope, blob: BlobReference | undefined): Promise<void> {
    const topic = topicName(this.connection.settings, addressOf(route, envelope.data));
    const lastChunk = blob === undefined ? [] : await this.sendChunks(topic, envelope, blob);
    await this.connection.send(topic, ...lastChunk, encodeEvent(envelope, blob));
  }

  /** Sends all chunks but the last, which is left to travel with the event: most blobs are one chunk. */
  private async sendChunks(topic: string, { id, key }: Envelope, blob: BlobReference): Promise<Outgoing[]> {
    const { digest, bytes } = blob;
    const underWay: Promise<void>[] = [];
    const last: Outgoing[] = [];
    let offset = 0;
    try {
      for await (const piece of this.blobs.createReadStream(digest, CHUNK_BYTES)) {
        const chunk = {
          event: id,
          digest,
          bytes,
          offset,
          piece: Buffer.from(piece.buffer, piece.byteOffset, piece.length),
        };
        offset += piece.length;
        const [before] = last.splice(0, 1, encodeChunk(chunk, key));
        if (before === undefined) continue;
        const sent = this.connection.send(topic, before);
        // Whoever awaits it below hears of a failure.
        sent.catch(() => undefined);
        underWay.push(sent);
        if (underWay.length >= IN_FLIGHT) await underWay.shift();
      }
    } finally {
      await Promise.all(underWay);
    }
    if (offset !== bytes)
      throw new TransportError('blob.changed', `${digest} had ${String(bytes)} bytes, and now ${String(offset)}`);
    return last;
  }

  private async reference(contract: Contract, { blob: digest }: PublishOptions): Promise<BlobReference | undefined> {
    if (digest === undefined) return undefined;
    if (!(await this.blobs.has(digest)))
      throw new TransportError('blob.missing', `${contract.name} names ${digest}, which ${this.source} does not hold`);
    return { digest: digest as BlobReference['digest'], bytes: await this.blobs.size(digest) };
  }
}
