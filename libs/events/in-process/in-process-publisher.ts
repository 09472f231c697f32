import type { Contract } from '#contracts';
import type { BlobShelf } from '../blob-shelf.ts';
import type { Clock } from '../clock.ts';
import { type PublishOptions, Publisher } from '../publisher.ts';
import { addressOf, keyedFor } from '../route-message.ts';
import { seal } from '../seal.ts';
import { TransportError } from '../transport-error.ts';
import type { InProcessBroker, Parcel } from './broker.ts';

/** As on a broker whose messages end at 1 MiB. */
const CHUNK_BYTES = 256 * 1024;

/** One service's voice on the in-process transport. */
export class InProcessPublisher extends Publisher {
  private readonly broker: InProcessBroker;
  private readonly source: string;
  private readonly blobs: BlobShelf;
  private readonly clock: Clock;

  constructor(parts: { broker: InProcessBroker; source: string; blobs: BlobShelf; clock: Clock }) {
    super();
    this.broker = parts.broker;
    this.source = parts.source;
    this.blobs = parts.blobs;
    this.clock = parts.clock;
  }

  override async publish<Data>(contract: Contract<string, Data>, data: Data, options: PublishOptions): Promise<void> {
    const envelope = seal(contract, data, options, this.source, this.clock);
    const parcel = await this.parcel(contract, options);
    this.broker.announce(envelope);
    for (const route of contract.routes) {
      const keyed = keyedFor(route, envelope);
      const letter = { address: addressOf(route, data), key: keyed.key, type: keyed.type, json: JSON.stringify(keyed) };
      await this.broker.send(letter, route.blob === true ? parcel : undefined);
    }
  }

  private async parcel(contract: Contract, options: PublishOptions): Promise<Parcel | undefined> {
    const { blob: digest } = options;
    if (digest === undefined) return undefined;
    if (!(await this.blobs.has(digest))) {
      throw new TransportError('blob.missing', `${contract.name} names ${digest}, which ${this.source} does not hold`);
    }
    return { digest, chunks: () => copied(this.blobs.createReadStream(digest, CHUNK_BYTES)) };
  }
}

async function* copied(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  for await (const chunk of chunks) yield Uint8Array.from(chunk);
}
