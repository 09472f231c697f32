import { type DataOf, experimentSubmitted, roundOpened, roundPlanned, uploadSent } from '#contracts';
import { type Delivery, On } from '#events';
import { Controller } from '@nestjs/common';
import { CarryDownload } from './carry-download.ts';
import { CarryUpload } from './carry-upload.ts';
import { Links } from './links.ts';
import { MeasureLinks } from './measure-links.ts';

/** All that the channel hears. */
@Controller()
export class ChannelInbox {
  private readonly links: Links;
  private readonly measureLinks: MeasureLinks;
  private readonly carryDownload: CarryDownload;
  private readonly carryUpload: CarryUpload;

  constructor(links: Links, measureLinks: MeasureLinks, carryDownload: CarryDownload, carryUpload: CarryUpload) {
    this.links = links;
    this.measureLinks = measureLinks;
    this.carryDownload = carryDownload;
    this.carryUpload = carryUpload;
  }

  @On(experimentSubmitted)
  submitted({ envelope, data }: Delivery<DataOf<typeof experimentSubmitted>>): void {
    this.links.learn(envelope.experiment, data.spec);
  }

  @On(roundPlanned)
  planned(delivery: Delivery<DataOf<typeof roundPlanned>>): void | Promise<void> {
    return this.measureLinks.handle(delivery);
  }

  @On(roundOpened)
  opened(delivery: Delivery<DataOf<typeof roundOpened>>): void | Promise<void> {
    return this.carryDownload.handle(delivery);
  }

  @On(uploadSent)
  sent(delivery: Delivery<DataOf<typeof uploadSent>>): void | Promise<void> {
    return this.carryUpload.handle(delivery);
  }
}
