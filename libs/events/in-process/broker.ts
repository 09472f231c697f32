import type { Envelope, Topic } from '#contracts';

/** Where a copy of a message goes: a topic, and for `site` whose. */
export interface Address {
  readonly topic: Topic;
  readonly site?: string;
}

/** One service on the in-process transport. */
export interface Subscriber {
  readonly service: string;
  listensTo(address: Address, type: string): boolean;
  receiveBlob(digest: string, chunks: AsyncIterable<Uint8Array>): Promise<void>;
  handle(type: string, json: string): Promise<void>;
}

/** A handler failed; the message is not delivered again within this process. */
export interface Fault {
  readonly service: string;
  readonly type: string;
  readonly error: Error;
}

/**
 * Carries messages between services of one process, by value: events as JSON text, blobs as copied chunks.
 * Each service handles its messages one at a time, in the order in which they were sent. Nothing outlives the process:
 * whoever restarts asks again.
 */
export class InProcessBroker {
  private readonly queues = new Map<Subscriber, Promise<void>>();
  private readonly watchers = new Set<(envelope: Envelope) => void>();
  private readonly faultListeners = new Set<(fault: Fault) => void>();

  /** Adds a service and returns the function that takes it away. */
  attach(subscriber: Subscriber): () => void {
    this.queues.set(subscriber, Promise.resolve());
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
  async send(address: Address, type: string, json: string, blob?: Parcel): Promise<void> {
    for (const subscriber of [...this.queues.keys()]) {
      if (!subscriber.listensTo(address, type)) continue;
      if (blob !== undefined) await subscriber.receiveBlob(blob.digest, blob.chunks());
      this.enqueue(subscriber, type, json);
    }
  }

  /** Resolves when no message waits any more, those included that handlers send meanwhile. */
  async settled(): Promise<void> {
    for (;;) {
      const before = [...this.queues.values()];
      await Promise.all(before);
      const after = [...this.queues.values()];
      if (after.length === before.length && after.every((queue, i) => queue === before[i])) return;
    }
  }

  private enqueue(subscriber: Subscriber, type: string, json: string): void {
    const before = this.queues.get(subscriber);
    if (before === undefined) return;
    const after = before.then(async () => {
      if (!this.queues.has(subscriber)) return;
      try {
        await subscriber.handle(type, json);
      } catch (error) {
        const fault = { service: subscriber.service, type, error: asError(error) };
        for (const listener of this.faultListeners) listener(fault);
      }
    });
    this.queues.set(subscriber, after);
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
