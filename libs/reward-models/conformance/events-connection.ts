import { randomBytes } from 'node:crypto';
import { completionsRefused, completionsScored, completionsSubmitted, defineContract, type DataOf } from '#contracts';
import { type Delivery, On, type Publisher } from '#events';
import { digestOfJson } from '#ledger';
import { Controller, type DynamicModule, Module } from '@nestjs/common';
import { z } from 'zod';
import type { Reply, RewardConnection } from './reward-connection.ts';

/** An experiment that nobody runs: what the battery asks belongs to it. */
const EXPERIMENT = 'reward-check';
/** What goes under the name of the contract without keeping to it. */
const brokenSubmission = defineContract({ ...completionsSubmitted, schema: z.looseObject({}) });
/** How long silence is waited for, after what breaks the contract. */
const SILENCE_MS = 2000;

/** Asks a reward model over events, as a site does whose topic the answers come on. */
export class EventsConnection implements RewardConnection {
  readonly site = `check-${randomBytes(4).toString('hex')}`;
  private readonly model: string;
  private readonly publisher: Publisher;
  private readonly timeoutMs: number;
  private readonly waiting = new Map<string, (reply: Reply) => void>();

  constructor(model: string, publisher: Publisher, timeoutMs: number) {
    this.model = model;
    this.publisher = publisher;
    this.timeoutMs = timeoutMs;
  }

  ask(request: string, items: DataOf<typeof completionsSubmitted>['items']): Promise<Reply> {
    return this.send(completionsSubmitted, request, items, this.timeoutMs);
  }

  askWrongly(request: string, items: unknown): Promise<Reply> {
    return this.send(brokenSubmission, request, items, SILENCE_MS);
  }

  hear(request: string, reply: Reply): void {
    this.waiting.get(request)?.(reply);
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  private async send(
    contract: typeof completionsSubmitted | typeof brokenSubmission,
    name: string,
    items: unknown,
    timeoutMs: number,
  ): Promise<Reply> {
    const request = digestOfJson(name);
    const data = { request, round: 1, iteration: 0, client: 'check', site: this.site, model: this.model, items };
    const { promise, resolve } = Promise.withResolvers<Reply>();
    this.waiting.set(request, resolve);
    const timer = setTimeout(() => {
      resolve({ outcome: 'silent', why: `no answer within ${timeoutMs} ms` });
    }, timeoutMs);
    try {
      await this.publisher.publish(contract, data, { experiment: EXPERIMENT });
      return await promise;
    } finally {
      clearTimeout(timer);
      this.waiting.delete(request);
    }
  }
}

/** What a check hears on the topic of its site. */
@Controller()
export class CheckInbox {
  private readonly connection: EventsConnection;

  constructor(connection: EventsConnection) {
    this.connection = connection;
  }

  @On(completionsScored)
  scored({ data }: Delivery<DataOf<typeof completionsScored>>): void {
    this.connection.hear(data.request, { outcome: 'scored', ...data });
  }

  @On(completionsRefused)
  refused({ data }: Delivery<DataOf<typeof completionsRefused>>): void {
    this.connection.hear(data.request, { outcome: 'refused', why: `${data.message} (${data.code})` });
  }
}

@Module({})
export class CheckModule {
  static register(connection: EventsConnection): DynamicModule {
    return {
      module: CheckModule,
      controllers: [CheckInbox],
      providers: [{ provide: EventsConnection, useValue: connection }],
    };
  }
}
