import { setImmediate as nextTurn } from 'node:timers/promises';
import { type DataOf, downloadDelivered, downloadLost, type roundOpened } from '#contracts';
import { type Delivery, Publisher } from '#events';
import { BlobStore } from '#storage';
import { Injectable } from '@nestjs/common';
import { crossLink } from './cross-link.ts';
import { Links } from './links.ts';

/**
 * round.opened → download.delivered or download.lost for each client of the cohort, in the cohort's order.
 * Each client's crossing is its own; the bytes go to a site once, with the first client served there.
 */
@Injectable()
export class CarryDownload {
  private readonly links: Links;
  private readonly blobs: BlobStore;
  private readonly publisher: Publisher;

  constructor(links: Links, blobs: BlobStore, publisher: Publisher) {
    this.links = links;
    this.blobs = blobs;
    this.publisher = publisher;
  }

  async handle({ envelope, data }: Delivery<DataOf<typeof roundOpened>>): Promise<void> {
    const { experiment, id: cause } = envelope;
    const { round, forEvaluation, cohort, global, deadlineMs } = data;
    const { link, seed } = this.links.of(experiment);
    // What is there, its safetensors header included, not what the fact claims.
    const bits = 8 * (await this.blobs.size(global.digest));
    const served = new Set<string>();

    for (const { client, site } of cohort) {
      const crossing = { client, round, direction: 'downlink', bits } as const;
      const transmission = crossLink({ link: { ...link, deadlineMs }, seed }, crossing);
      const download = { round, client, site, transmission, forEvaluation };
      if (transmission.outcome === 'delivered') {
        const blob = served.has(site) ? {} : { blob: global.digest };
        served.add(site);
        await this.publisher.publish(downloadDelivered, { ...download, global }, { experiment, cause, ...blob });
      } else {
        await this.publisher.publish(downloadLost, download, { experiment, cause });
      }
      // A cohort of thousands takes seconds: let the process breathe between two clients.
      await nextTurn();
    }
  }
}
