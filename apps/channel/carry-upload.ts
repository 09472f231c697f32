import { type DataOf, uploadDelivered, uploadLost, type uploadSent } from '#contracts';
import { type Delivery, Publisher } from '#events';
import { BlobStore } from '#storage';
import { Injectable } from '@nestjs/common';
import { crossLink } from './cross-link.ts';
import { Links } from './links.ts';

/** upload.sent → upload.delivered with the bytes, or upload.lost without: what is lost never leaves the channel. */
@Injectable()
export class CarryUpload {
  private readonly links: Links;
  private readonly blobs: BlobStore;
  private readonly publisher: Publisher;

  constructor(links: Links, blobs: BlobStore, publisher: Publisher) {
    this.links = links;
    this.blobs = blobs;
    this.publisher = publisher;
  }

  async handle({ envelope, data }: Delivery<DataOf<typeof uploadSent>>): Promise<void> {
    const { experiment, id: cause } = envelope;
    const { round, client, site, blob, answers, examples, head, signature } = data;
    // What is there, its safetensors header included, not what the fact claims.
    const bits = 8 * (await this.blobs.size(blob.digest));
    const transmission = crossLink(this.links.of(experiment), { client, round, direction: 'uplink', bits });
    const upload = { round, client, site, transmission, blob };
    if (transmission.outcome === 'delivered') {
      const delivered = { ...upload, answers, examples, head, signature };
      await this.publisher.publish(uploadDelivered, delivered, { experiment, cause, blob: blob.digest });
    } else {
      await this.publisher.publish(uploadLost, upload, { experiment, cause });
    }
  }
}
