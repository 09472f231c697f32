import { contracts, type Contract, type Envelope } from '#contracts';
import { type CustomTransportStrategy, Server } from '@nestjs/microservices';
import { lastValueFrom } from 'rxjs';
import type { Delivery } from './delivery.ts';
import { type Listener, nameOf } from './listener.ts';
import { TransportError } from './transport-error.ts';

/** What Nest's transport strategies for contracts have in common: a message goes to the handler of its contract. */
export abstract class ContractServer extends Server implements CustomTransportStrategy {
  override readonly propagatesEventHandlerErrors = true;
  readonly service: string;
  protected readonly listener: Listener;

  constructor(listener: Listener) {
    super();
    this.listener = listener;
    this.service = nameOf(listener);
  }

  override on(): never {
    throw new TransportError('transport.no-events', 'services have no connection events');
  }

  /** The contract of that name, if this service handles it. */
  protected contractOf(type: string): Contract | undefined {
    return this.messageHandlers.has(type) ? contracts.find(({ name }) => name === type) : undefined;
  }

  /** Runs the handler; rejects with what it throws. */
  protected async hand(envelope: Envelope): Promise<void> {
    const handler = this.messageHandlers.get(envelope.type);
    if (handler === undefined) {
      throw new TransportError('event.unknown', `${this.service} has no handler for ${envelope.type}`);
    }
    const delivery: Delivery<unknown> = { envelope, data: envelope.data };
    const answer: unknown = await handler(delivery, undefined);
    await lastValueFrom(this.transformToObservable(answer), { defaultValue: undefined });
  }
}
