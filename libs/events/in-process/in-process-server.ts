import { contracts } from '#contracts';
import { type CustomTransportStrategy, Server } from '@nestjs/microservices';
import { lastValueFrom } from 'rxjs';
import type { BlobShelf } from '../blob-shelf.ts';
import type { Delivery } from '../delivery.ts';
import { unseal } from '../seal.ts';
import { TransportError } from '../transport-error.ts';
import type { Address, InProcessBroker, Subscriber } from './broker.ts';

/** Who listens: the service's own topic, `announcements`, and for a trainer its site. */
export interface Listener {
  readonly service: 'coordinator' | 'channel' | 'trainer';
  readonly site?: string;
}

/** Nest's transport strategy for services that share a process: hands each message to the handler of its contract. */
export class InProcessServer extends Server implements CustomTransportStrategy, Subscriber {
  override readonly propagatesEventHandlerErrors = true;
  readonly service: string;
  private readonly broker: InProcessBroker;
  private readonly listener: Listener;
  private readonly blobs: BlobShelf;
  private detach: (() => void) | undefined;

  constructor(broker: InProcessBroker, listener: Listener, blobs: BlobShelf) {
    super();
    this.broker = broker;
    this.listener = listener;
    this.blobs = blobs;
    this.service = listener.site === undefined ? listener.service : `${listener.service}/${listener.site}`;
  }

  listen(callback: () => void): void {
    this.detach = this.broker.attach(this);
    callback();
  }

  close(): void {
    this.detach?.();
  }

  on(): never {
    throw new TransportError('transport.no-events', 'the in-process transport has no connection events');
  }

  // eslint-disable-next-line @typescript-eslint/no-unnecessary-type-parameters -- Nest's signature
  unwrap<T>(): T {
    return this.broker as T;
  }

  listensTo(address: Address, type: string): boolean {
    if (!this.messageHandlers.has(type)) return false;
    if (address.topic === 'announcements') return true;
    if (address.topic === 'site') return this.listener.service === 'trainer' && address.site === this.listener.site;
    return address.topic === this.listener.service;
  }

  async receiveBlob(digest: string, chunks: AsyncIterable<Uint8Array>): Promise<void> {
    if (await this.blobs.has(digest)) return;
    await this.blobs.putStream(chunks, digest);
  }

  async handle(type: string, json: string): Promise<void> {
    const contract = contracts.find(({ name }) => name === type);
    const handler = this.messageHandlers.get(type);
    if (contract === undefined || handler === undefined) {
      throw new TransportError('event.unknown', `${this.service} has no handler for ${type}`);
    }
    const envelope = unseal(contract, json);
    const delivery: Delivery<unknown> = { envelope, data: envelope.data };
    const answer: unknown = await handler(delivery, undefined);
    await lastValueFrom(this.transformToObservable(answer), { defaultValue: undefined });
  }
}
