import {
  experimentFinished,
  downloadDelivered,
  linksMeasured,
  roundOpened,
  roundPlanned,
  uploadSent,
  type DataOf,
  type TransmissionRecord,
} from '#contracts';
import { Controller, Module } from '@nestjs/common';
import type { Delivery } from '../delivery.ts';
import { On } from '../on.ts';

type Heard<C> = Delivery<DataOf<C>>;
type Handler = (delivery: Delivery<unknown>) => void | Promise<void>;

/** What the probes heard, and what they do when they hear something; both begin anew with every test. */
export const probe: { heard: Delivery<unknown>[]; onEvent: Handler } = { heard: [], onEvent: () => undefined };

async function hear(delivery: Delivery<unknown>): Promise<void> {
  await probe.onEvent(delivery);
  probe.heard.push(delivery);
}

@Controller()
class ChannelInbox {
  @On(roundPlanned)
  planned(delivery: Heard<typeof roundPlanned>): Promise<void> {
    return hear(delivery);
  }

  @On(roundOpened)
  opened(delivery: Heard<typeof roundOpened>): Promise<void> {
    return hear(delivery);
  }

  @On(uploadSent)
  sent(delivery: Heard<typeof uploadSent>): Promise<void> {
    return hear(delivery);
  }
}

@Module({ controllers: [ChannelInbox] })
export class ChannelProbe {}

@Controller()
class CoordinatorInbox {
  @On(linksMeasured)
  measured(delivery: Heard<typeof linksMeasured>): Promise<void> {
    return hear(delivery);
  }

  @On(uploadSent)
  sent(delivery: Heard<typeof uploadSent>): Promise<void> {
    return hear(delivery);
  }
}

@Module({ controllers: [CoordinatorInbox] })
export class CoordinatorProbe {}

@Controller()
class SiteInbox {
  @On(downloadDelivered)
  delivered(delivery: Heard<typeof downloadDelivered>): Promise<void> {
    return hear(delivery);
  }

  @On(experimentFinished)
  finished(delivery: Heard<typeof experimentFinished>): Promise<void> {
    return hear(delivery);
  }
}

@Module({ controllers: [SiteInbox] })
export class SiteProbe {}

export const TRANSMISSION: TransmissionRecord = {
  ...{ bits: 8, bitsDelivered: 8, meanSnrDb: 5, blocks: 1, attempts: 1, delayMs: 1, airtimeMs: 1, energyJ: 1 },
  outcome: 'delivered',
};

export const TRAINING = { steps: 1, firstLoss: 1, lastLoss: 1, meanLoss: 1 };
