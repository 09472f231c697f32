import { setImmediate as nextTurn } from 'node:timers/promises';
import { type DataOf, downloadDelivered, downloadLost, type roundOpened } from '#contracts';
import { type Delivery, Publisher } from '#events';
import { BlobStore } from '#storage';
import { Injectable } from '@nestjs/common';
import { crossLink } from './cross-link.ts';
import { Links } from './links.ts';

/** Waiting for the broker's word on each client before the next would add up. */
const SAID_AT_ONCE = 64;

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
    const { round, forEvaluation, cohort, global, deadlineMs, channelOrder: order, leftOut } = data;
    const { link, seed } = this.links.of(experiment);
    // What is there, its safetensors header included, not what the fact claims.
    const bits = 8 * (await this.blobs.size(global.digest));
    const served = new Set<string>();
    const said = new Utterances();

    for (const { client, site, profile, keep } of cohort) {
      const crossing = { client, round, direction: 'downlink', bits } as const;
      const transmission = crossLink({ link: { ...link, deadlineMs }, seed }, crossing);
      const asked = {
        forEvaluation,
        ...(profile === undefined ? {} : { profile }),
        ...(leftOut === undefined ? {} : { leftOut }),
      };
      const download = { round, client, site, transmission, ...asked };
      if (transmission.outcome === 'delivered') {
        const blob = served.has(site) ? {} : { blob: global.digest };
        const channels = order === undefined || keep === undefined ? {} : { channels: { order, keep } };
        const delivered = { ...download, global, ...channels };
        const saying = this.publisher.publish(downloadDelivered, delivered, { experiment, cause, ...blob });
        // Nobody hears of a model that is not there yet.
        if (served.has(site)) said.add(saying);
        else await saying;
        served.add(site);
      } else {
        said.add(this.publisher.publish(downloadLost, download, { experiment, cause }));
      }
      if (said.size >= SAID_AT_ONCE) await said.settled();
      // A cohort of thousands takes seconds: let the process breathe between two clients.
      await nextTurn();
    }
    await said.settled();
  }
}

/** Facts on their way to the broker; one that fails is told of when all are waited for. */
class Utterances {
  private saying: Promise<void>[] = [];

  get size(): number {
    return this.saying.length;
  }

  add(saying: Promise<void>): void {
    saying.catch(() => undefined);
    this.saying.push(saying);
  }

  async settled(): Promise<void> {
    const saying = this.saying;
    this.saying = [];
    await Promise.all(saying);
  }
}
