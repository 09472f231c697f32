import { setTimeout as sleep } from 'node:timers/promises';
import type { BlobShelf } from '../blob-shelf.ts';
import { ContractServer } from '../contract-server.ts';
import { type DeadLetter, type OnDeadLetter, reasonOf } from '../dead-letter.ts';
import { type Address, type Listener, listensTo } from '../listener.ts';
import { isRetryable, pausesMs, type RetryPolicy } from '../retry-policy.ts';
import { unseal } from '../seal.ts';
import { TransportError } from '../transport-error.ts';
import type { InProcessBroker, Letter, Subscriber } from './broker.ts';

/** Within a process, whatever is not there after two seconds does not come by waiting. */
const RETRIES: RetryPolicy = { firstMs: 20, mostMs: 500, forMs: 2000 };

export interface InProcessServerOptions {
  /** Keeps what could not be handled; who watches the broker hears of it too. */
  readonly onDeadLetter?: OnDeadLetter;
  readonly retries?: RetryPolicy;
}

/** Nest's transport strategy for services that share a process: hands each message to the handler of its contract. */
export class InProcessServer extends ContractServer implements Subscriber {
  readonly concurrency: number;
  private readonly broker: InProcessBroker;
  private readonly blobs: BlobShelf;
  private readonly retries: RetryPolicy;
  private readonly onDeadLetter: OnDeadLetter;
  private detach: (() => void) | undefined;

  constructor(broker: InProcessBroker, listener: Listener, blobs: BlobShelf, options: InProcessServerOptions = {}) {
    super(listener);
    this.concurrency = listener.concurrency ?? 1;
    this.broker = broker;
    this.blobs = blobs;
    this.retries = options.retries ?? RETRIES;
    this.onDeadLetter = options.onDeadLetter ?? (() => undefined);
  }

  listen(callback: () => void): void {
    this.detach = this.broker.attach(this);
    callback();
  }

  close(): void {
    this.detach?.();
  }

  // eslint-disable-next-line @typescript-eslint/no-unnecessary-type-parameters -- Nest's signature
  unwrap<T>(): T {
    return this.broker as T;
  }

  listensTo(address: Address, type: string): boolean {
    return this.messageHandlers.has(type) && listensTo(this.listener, address);
  }

  async receiveBlob(digest: string, chunks: AsyncIterable<Uint8Array>): Promise<void> {
    if (await this.blobs.has(digest)) return;
    await this.blobs.putStream(chunks, digest);
  }

  async handle(letter: Letter): Promise<void> {
    try {
      await this.handleOrThrow(letter);
    } catch (error) {
      await this.onDeadLetter(deadLetterOf(letter, this.service, error));
      throw error;
    }
  }

  private async handleOrThrow({ type, json }: Letter): Promise<void> {
    const contract = this.contractOf(type);
    if (contract === undefined) {
      throw new TransportError('event.unknown', `${this.service} has no handler for ${type}`);
    }
    const envelope = unseal(contract, json);
    const pauses = pausesMs(this.retries);
    for (;;) {
      try {
        await this.hand(envelope);
        return;
      } catch (error) {
        const pause = pauses.next();
        if (!isRetryable(error) || pause.done === true || this.detach === undefined) throw error;
        await sleep(pause.value);
      }
    }
  }
}

/** In one process there are no offsets: the letter is named by its content. */
function deadLetterOf({ address, key, json }: Letter, service: string, error: unknown): DeadLetter {
  const { topic, owner } = address;
  return {
    service,
    topic: owner === undefined ? topic : `${topic}.${owner}`,
    partition: 0,
    offset: 0,
    ...reasonOf(error),
    key,
    headers: { 'content-type': 'application/cloudevents+json' },
    value: Buffer.from(json),
  };
}
