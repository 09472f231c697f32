import { setTimeout as sleep } from 'node:timers/promises';
import type { Envelope } from '#contracts';
import PQueue from 'p-queue';
import type { BlobShelf } from '../blob-shelf.ts';
import { isRetryable, pausesMs, type RetryPolicy } from '../retry-policy.ts';
import { TransportError } from '../transport-error.ts';
import { BlobAssembly } from './blob-assembly.ts';
import { decodeChunk, isChunk } from './chunk-record.ts';
import type { OpenedRecord } from './open-record.ts';
import { PartitionProgress } from './partition-progress.ts';
import type { WireRecord } from './wire-record.ts';

/** A record at its place in the partition. */
export type PlacedRecord = WireRecord & { readonly topic: string; readonly partition: number; readonly offset: string };

/** What a lane needs of the service that it belongs to. */
export interface LaneHost {
  readonly shelf: BlobShelf;
  readonly retries: RetryPolicy;
  readonly orphanAfterMs: number;
  /** How long a handler may take when the service stops; then its message is left to whoever reads next. */
  readonly lastWaitMs: number;
  /** Handlers of all lanes share these places. */
  readonly places: PQueue;
  /** The event that a record carries; undefined when it is not for this service. Throws when it cannot be read. */
  open(record: WireRecord): OpenedRecord | undefined;
  hand(envelope: Envelope): Promise<void>;
  /** Resolves when the dead letter is kept. */
  bury(record: PlacedRecord, error: unknown): Promise<void>;
}

/**
 * Messages that wait in a lane; more are not taken from the broker meanwhile. A chunk, while the next is fetched, keeps the
 * store busy, and what lives longer grows old for V8, which frees it late: it took 12 MiB more.
 */
const MOST_WAITING = 500;
const MOST_WAITING_BYTES = 1024 ** 2;

/**
 * One partition, message by message: chunks become blobs, events go to their handlers in order. It runs beside the
 * client library's loop, which goes on fetching and keeps the membership alive however long a handler takes.
 */
export class Lane {
  readonly progress = new PartitionProgress();
  private readonly host: LaneHost;
  private readonly assembly: BlobAssembly;
  /** Offset of the first chunk of each unfinished transfer. */
  private readonly firstChunks = new Map<string, number>();
  /** Reads one message after the other: its size is what waits. */
  private readonly reading = new PQueue({ concurrency: 1 });
  private readonly handling: PQueue;
  private readonly onBroken: (error: unknown) => void;
  /** Resolves when the blobs of all events so far are there. */
  private turn: Promise<unknown> = Promise.resolve();
  private waitingBytes = 0;
  private closed = false;

  /** `onBroken` hears that the store could not take what arrived; then the lane is closed, and must be read again. */
  constructor(host: LaneHost, before: Promise<unknown>, onBroken: (error: unknown) => void) {
    this.host = host;
    this.onBroken = onBroken;
    this.handling = new PQueue({ concurrency: host.places.concurrency });
    this.assembly = new BlobAssembly(host.shelf, host.orphanAfterMs, {
      onEnded: (event) => {
        this.release(event);
      },
      onBroken: (error) => {
        this.breakOff(error);
      },
    });
    void this.reading.add(() => before);
  }

  get hasRoom(): boolean {
    return this.reading.size + this.handling.size < MOST_WAITING && this.waitingBytes < MOST_WAITING_BYTES;
  }

  push(record: PlacedRecord): void {
    if (this.closed) return;
    const bytes = record.value?.length ?? 0;
    this.waitingBytes += bytes;
    void this.reading.add(async () => {
      try {
        if (!this.closed) await this.read(record);
      } catch (error) {
        this.breakOff(error);
      } finally {
        this.waitingBytes -= bytes;
      }
    });
  }

  /** Resolves when there is room, or after `ms`. */
  async room(ms: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<undefined>();
    const look = (): void => {
      if (this.hasRoom) resolve(undefined);
    };
    const timer = setTimeout(resolve, ms, undefined);
    for (const queue of [this.reading, this.handling]) queue.on('next', look);
    look();
    await promise;
    clearTimeout(timer);
    for (const queue of [this.reading, this.handling]) queue.off('next', look);
  }

  /** Starts nothing any more; resolves when the handlers that run have ended. */
  async close(): Promise<void> {
    this.closed = true;
    this.assembly.abandon();
    this.reading.clear();
    this.handling.clear();
    await this.idle();
  }

  /** Resolves when everything that was pushed is read and handled. */
  async idle(): Promise<void> {
    await this.reading.onIdle();
    await this.handling.onIdle();
  }

  private async read(record: PlacedRecord): Promise<void> {
    const offset = Number(record.offset);
    this.progress.begin(offset);
    if (isChunk(record)) await this.readChunk(record, offset);
    else await this.readEvent(record, offset);
  }

  private async readChunk(record: PlacedRecord, offset: number): Promise<void> {
    let chunk;
    try {
      chunk = decodeChunk(record);
    } catch (error) {
      await this.bury(record, offset, error);
      return;
    }
    if (chunk.offset === 0 && !this.firstChunks.has(chunk.event)) this.firstChunks.set(chunk.event, offset);
    const taken = await this.assembly.take(chunk);
    if (taken === 'began') return;
    if (this.firstChunks.get(chunk.event) === offset) this.firstChunks.delete(chunk.event);
    this.progress.end(offset);
  }

  private async readEvent(record: PlacedRecord, offset: number): Promise<void> {
    try {
      const opened = this.host.open(record);
      if (opened === undefined) {
        this.progress.end(offset);
        return;
      }
      const { envelope, event } = opened;
      // The next messages are read while the disk takes the blob; handlers start in order all the same.
      const complete = Promise.all([this.turn, this.complete(event)]);
      this.turn = complete.catch(() => undefined);
      void this.handling.add(async () => {
        try {
          await complete;
        } catch (error) {
          if (error instanceof TransportError) await this.bury(record, offset, error);
          else this.breakOff(error);
          return;
        }
        await this.handle(record, offset, envelope);
      });
    } catch (error) {
      if (!(error instanceof TransportError)) throw error;
      await this.bury(record, offset, error);
    }
  }

  /** Sees that the blob of an event is in the store. */
  private async complete({ id, blob }: OpenedRecord['event']): Promise<void> {
    if (blob === undefined || this.closed) return;
    try {
      await this.assembly.close(id, blob);
    } catch (error) {
      // What the store could not write is read again, from its first chunk on.
      if (error instanceof TransportError) this.release(id);
      throw error;
    }
    this.release(id);
  }

  private async handle(record: PlacedRecord, offset: number, envelope: Envelope): Promise<void> {
    const pauses = pausesMs(this.host.retries);
    while (!this.closed) {
      try {
        await this.host.places.add(() => this.host.hand(envelope));
        this.progress.end(offset);
        return;
      } catch (error) {
        const pause = isRetryable(error) ? pauses.next() : undefined;
        if (pause === undefined || pause.done === true) {
          await this.bury(record, offset, error);
          return;
        }
        await sleep(pause.value);
      }
    }
  }

  private async bury(record: PlacedRecord, offset: number, error: unknown): Promise<void> {
    if (this.closed) return;
    try {
      await this.host.bury(record, error);
      this.progress.end(offset);
    } catch (unburied) {
      this.breakOff(unburied);
    }
  }

  private release(event: string): void {
    const offset = this.firstChunks.get(event);
    this.firstChunks.delete(event);
    if (offset !== undefined) this.progress.end(offset);
  }

  private breakOff(error: unknown): void {
    if (this.closed) return;
    void this.close();
    this.onBroken(error);
  }
}
