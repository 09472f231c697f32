import { topics, type Envelope } from '#contracts';
import PQueue from 'p-queue';
import type { Address } from '../listener.ts';

/** One service on the in-process transport. */
export interface Subscriber {
  readonly service: string;
  /** Messages that it handles at once. */
  readonly concurrency: number;
  listensTo(address: Address, type: string): boolean;
  receiveBlob(digest: string, chunks: AsyncIterable<Uint8Array>): Promise<void>;
  handle(letter: Letter): Promise<void>;
}

/** A handler failed; the message is not delivered again within this process. */
export interface Fault {
  readonly service: string;
  readonly type: string;
  readonly error: Error;
}

/** A message as it lies in a topic. */
export interface Letter {
  readonly address: Address;
  readonly key: string;
  readonly type: string;
  readonly json: string;
}

/**
 * Carries messages between services of one process, by value: events as JSON text, blobs as copied chunks.
 * Each service starts its messages in the order in which they were sent, and as many at once as it asks for. Topics that
 * keep the last message of each key hand those to whoever comes later. Nothing outlives the process: whoever restarts
 * asks again.
 */
export class InProcessBroker {
  private readonly queues = new Map<Subscriber, PQueue>();
  private readonly kept = new Map<string, Letter>();
  private readonly watchers = new Set<(envelope: Envelope) => void>();
  private readonly faultListeners = new Set<(fault: Fault) => void>();

  /** Adds a service and returns the function that takes it away. */
  attach(subscriber: Subscriber): () => void {
    this.queues.set(subscriber, new PQueue({ concurrency: subscriber.concurrency }));
    for (const letter of this.kept.values()) {
      if (subscriber.listensTo(letter.address, letter.type)) this.enqueue(subscriber, letter);
    }
    return () => {
      this.queues.delete(subscriber);
    };
  }

  /** Sees every fact that is stated, once, before its readers do. */
  watch(watcher: (envelope: Envelope) => void): () => void {
    this.watchers.add(watcher);
    return () => {
      this.watchers.delete(watcher);
    };
  }

  onFault(listener: (fault: Fault) => void): () => void {
    this.faultListeners.add(listener);
    return () => {
      this.faultListeners.delete(listener);
    };
  }

  announce(envelope: Envelope): void {
    for (const watcher of this.watchers) watcher(envelope);
  }

  /** Stores the blob at every reader before it queues the event there; resolves when all have both. */
  async send(letter: Letter, blob?: Parcel): Promise<void> {
    const { address, key, type } = letter;
    if (topics[address.topic].keep === 'last-of-key') this.kept.set(`${address.topic} ${key}`, letter);
    for (const subscriber of [...this.queues.keys()]) {
      if (!subscriber.listensTo(address, type)) continue;
      if (blob !== undefined) await subscriber.receiveBlob(blob.digest, blob.chunks());
      this.enqueue(subscriber, letter);
    }
  }

  /** Resolves when no message waits any more, those included that handlers send meanwhile. */
  async settled(): Promise<void> {
    const busy = (): PQueue[] => [...this.queues.values()].filter(({ size, pending }) => size + pending > 0);
    while (busy().length > 0) await Promise.all(busy().map((queue) => queue.onIdle()));
  }

  private enqueue(subscriber: Subscriber, letter: Letter): void {
    void this.queues.get(subscriber)?.add(async () => {
      if (!this.queues.has(subscriber)) return;
      try {
        await subscriber.handle(letter);
      } catch (error) {
        const fault = { service: subscriber.service, type: letter.type, error: asError(error) };
        for (const listener of this.faultListeners) listener(fault);
      }
    });
  }
}

/** A blob on its way: its digest, and its bytes as often as there are readers. */
export interface Parcel {
  readonly digest: string;
  chunks(): AsyncIterable<Uint8Array>;
}

function asError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error(String(thrown));
}
