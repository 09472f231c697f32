import { type DataOf, linksMeasured, type roundPlanned } from '#contracts';
import { type Delivery, Publisher } from '#events';
import { measureLink } from '#radio';
import { Injectable } from '@nestjs/common';
import { Links } from './links.ts';

/** round.planned → links.measured: what a base station knows of every candidate, never the fades to come. */
@Injectable()
export class MeasureLinks {
  private readonly links: Links;
  private readonly publisher: Publisher;

  constructor(links: Links, publisher: Publisher) {
    this.links = links;
    this.publisher = publisher;
  }

  async handle({ envelope, data }: Delivery<DataOf<typeof roundPlanned>>): Promise<void> {
    const { experiment, id } = envelope;
    const { link } = this.links.of(experiment);
    const links = data.candidates.map((client) => measureLink(link, client));
    await this.publisher.publish(linksMeasured, { round: data.round, links }, { experiment, cause: id });
  }
}
