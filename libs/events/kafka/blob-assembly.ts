import { PassThrough } from 'node:stream';
import type { BlobShelf } from '../blob-shelf.ts';
import { TransportError } from '../transport-error.ts';
import type { ChunkRecord } from './chunk-record.ts';

/** What became of a chunk: it grew a blob, or changed nothing because the blob is there, or because it is out of place. */
export type Taken = 'began' | 'grew' | 'held' | 'duplicate' | 'out-of-place';

/** A blob on its way in. `stored` settles when the store has verified it, or has found it wrong. */
interface Transfer {
  readonly digest: string;
  readonly bytes: number;
  next: number;
  readonly pipe: PassThrough;
  readonly stored: Promise<unknown>;
  readonly idle: NodeJS.Timeout;
}

/** More unfinished transfers than this are not held open: each is an open file. */
const MOST_TRANSFERS = 256;

/** Ended transfers whose closing event is still to come; one that is forgotten is looked up in the store. */
const REMEMBERED = 1000;

/**
 * Puts the chunks of one partition together. Each transfer is streamed into the store, which verifies size and digest;
 * in memory there is a chunk a transfer at most. A blob whose bytes are all there is flushed to the disk while the next
 * messages are read; the event that closes it waits for that. Nothing here survives a crash: the reader begins again at the first
 * chunk of what was unfinished.
 */
export class BlobAssembly {
  private readonly shelf: BlobShelf;
  private readonly orphanAfterMs: number;
  private readonly onEnded: (event: string) => void;
  private readonly onBroken: (error: unknown) => void;
  private readonly transfers = new Map<string, Transfer>();
  /** Blobs whose bytes are all there, until the store has them; what it could not write stays. */
  private readonly storing = new Map<string, Promise<void>>();
  private readonly held = new Set<string>();
  private readonly closed = new Set<string>();
  private readonly refused = new Map<string, TransportError>();

  /**
   * `onEnded` hears of a transfer that need not be read again: its blob is in the store, its sender fell silent, or there
   * were too many. `onBroken` hears that the store cannot write.
   */
  constructor(
    shelf: BlobShelf,
    orphanAfterMs: number,
    hears: { readonly onEnded: (event: string) => void; readonly onBroken: (error: unknown) => void },
  ) {
    this.shelf = shelf;
    this.orphanAfterMs = orphanAfterMs;
    this.onEnded = hears.onEnded;
    this.onBroken = hears.onBroken;
  }

  /** Takes one chunk; rejects only when the store cannot write, not for what is wrong with the chunk. */
  async take(chunk: ChunkRecord): Promise<Taken> {
    const { event, digest, bytes, offset, piece } = chunk;
    if (this.held.has(event) || this.storing.has(event)) return 'held';
    let transfer = this.transfers.get(event);
    if (transfer === undefined) {
      if (offset !== 0) return 'out-of-place';
      if (await this.shelf.has(digest)) {
        remember(this.held, event);
        return 'held';
      }
      transfer = this.begin(event, digest, bytes);
    }
    if (transfer.digest !== digest || transfer.bytes !== bytes) return 'out-of-place';
    if (offset !== transfer.next) return offset < transfer.next ? 'duplicate' : 'out-of-place';
    transfer.next += piece.length;
    transfer.idle.refresh();
    await written(transfer, piece);
    if (transfer.next === bytes) this.finish(event, transfer);
    return offset === 0 ? 'began' : 'grew';
  }

  /**
   * Makes sure that the blob which an event closes is in the store.
   * @throws TransportError `blob.incomplete` when chunks are missing, `blob.wrong-digest` when they are another blob's.
   */
  async close(event: string, { digest, bytes }: { readonly digest: string; readonly bytes: number }): Promise<void> {
    const arrived = this.transfers.get(event)?.next ?? 0;
    this.drop(event);
    await this.storing.get(event);
    this.held.delete(event);
    const refusal = this.refused.get(event);
    this.refused.delete(event);
    // Said again, it says nothing about a blob that nobody may need any more.
    if (this.closed.has(event)) return;
    if (await this.shelf.has(digest)) {
      remember(this.closed, event);
      return;
    }
    if (refusal !== undefined) throw refusal;
    if (bytes === 0) await this.store(digest, PassThrough.from([]));
    else
      throw new TransportError(
        'blob.incomplete',
        `${String(arrived)} of the ${String(bytes)} bytes of ${digest} arrived`,
      );
  }

  /** Gives up everything that is unfinished. */
  abandon(): void {
    for (const event of [...this.transfers.keys()]) this.drop(event);
  }

  private begin(event: string, digest: string, bytes: number): Transfer {
    const [oldest] = this.transfers.keys();
    if (this.transfers.size >= MOST_TRANSFERS && oldest !== undefined) this.giveUp(oldest);
    const pipe = new PassThrough({ objectMode: true, highWaterMark: 1 });
    // Whoever waits for `stored` hears of it; an unheard error event would end the process.
    pipe.on('error', () => undefined);
    const stored = this.shelf.putStream(pipe, digest);
    stored.catch((error: unknown) => pipe.destroy(error as Error));
    const idle = setTimeout(() => {
      this.giveUp(event);
    }, this.orphanAfterMs).unref();
    const transfer = { digest, bytes, next: 0, pipe, stored, idle };
    this.transfers.set(event, transfer);
    return transfer;
  }

  private finish(event: string, transfer: Transfer): void {
    clearTimeout(transfer.idle);
    this.transfers.delete(event);
    transfer.pipe.end();
    const storing = this.settle(event, transfer);
    this.storing.set(event, storing);
    storing.catch(this.onBroken);
  }

  private async settle(event: string, { stored }: Transfer): Promise<void> {
    try {
      await stored;
      remember(this.held, event);
    } catch (error) {
      if (!isWrongDigest(error)) throw error;
      if (this.refused.size >= REMEMBERED) this.refused.clear();
      this.refused.set(event, new TransportError('blob.wrong-digest', (error as Error).message, { cause: error }));
    }
    this.storing.delete(event);
    this.onEnded(event);
  }

  private async store(digest: string, chunks: AsyncIterable<Uint8Array>): Promise<void> {
    try {
      await this.shelf.putStream(chunks, digest);
    } catch (error) {
      if (!isWrongDigest(error)) throw error;
      throw new TransportError('blob.wrong-digest', (error as Error).message, { cause: error });
    }
  }

  private giveUp(event: string): void {
    this.drop(event);
    this.onEnded(event);
  }

  private drop(event: string): void {
    const transfer = this.transfers.get(event);
    if (transfer === undefined) return;
    this.transfers.delete(event);
    clearTimeout(transfer.idle);
    transfer.stored.catch(() => undefined);
    transfer.pipe.destroy(new TransportError('blob.abandoned', `the transfer of ${transfer.digest} was given up`));
  }
}

/** Resolves when the store has taken the piece, so that whoever sends feels how fast the disk is. */
async function written({ pipe, stored }: Transfer, piece: Buffer): Promise<void> {
  const accepted = new Promise<void>((resolve, reject) => {
    pipe.write(piece, (error) => {
      if (error) reject(error);
      else resolve();
    });
  });
  await Promise.race([accepted, stored]);
}

function isWrongDigest(error: unknown): boolean {
  return (error as { code?: unknown }).code === 'storage.digest-mismatch';
}

function remember(events: Set<string>, event: string): void {
  events.add(event);
  const [oldest] = events;
  if (events.size > REMEMBERED && oldest !== undefined) events.delete(oldest);
}
