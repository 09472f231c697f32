import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { ExperimentRecord, listEntries, type LedgerEntry } from '#storage';
import { Injectable } from '@nestjs/common';
import type { z } from 'zod';
import type { ledgerEvent } from './answers/audit.ts';
import { LedgerNews } from './ledger-news.ts';

const PAGE = 500;
/** So that proxies, and readers, know that the stream is alive; and a look at the ledger should a notice be lost. */
const HEARTBEAT_MS = 10_000;
/** How soon a reader that was cut off comes back. */
const RETRY_MS = 1000;

/** Writes an experiment's ledger as server-sent events: what there is after an entry, then what comes, until it is closed. */
@Injectable()
export class StreamLedger {
  readonly #record: ExperimentRecord;
  readonly #news: LedgerNews;

  constructor(record: ExperimentRecord, news: LedgerNews) {
    this.#record = record;
    this.#news = news;
  }

  async stream(experiment: string, after: number, response: ServerResponse): Promise<void> {
    const closed = new AbortController();
    response.once('close', () => {
      closed.abort();
    });
    const bell = new Bell(closed.signal);
    const unsubscribe = this.#news.subscribe(experiment, () => {
      bell.ring();
    });
    try {
      response.writeHead(200, {
        'content-type': 'text/event-stream; charset=utf-8',
        'cache-control': 'no-store',
        'x-accel-buffering': 'no',
      });
      await write(response, `retry: ${RETRY_MS}\n\n`, closed.signal);
      for (let last = after; !closed.signal.aborted;) {
        const page = await this.#record.use((db) => listEntries(db, experiment, last, PAGE));
        if (page.length > 0) await write(response, page.map(asEvent).join(''), closed.signal);
        last = page.at(-1)?.entry ?? last;
        if (page.length === PAGE) continue;
        if (!(await bell.rung(HEARTBEAT_MS))) await write(response, ': still there\n\n', closed.signal);
      }
    } catch (error) {
      if (!closed.signal.aborted) throw error;
    } finally {
      unsubscribe();
      response.end();
    }
  }
}

type LedgerEvent = Omit<z.infer<typeof ledgerEvent>, 'covers'> & { readonly covers: unknown };

function asEvent({ experimentId, entry, kind, covers, hash, recordedAt }: LedgerEntry): string {
  const data = { experiment: experimentId, entry, kind, covers, hash, recordedAt: recordedAt.toISOString() };
  return `id: ${entry}\ndata: ${JSON.stringify(data satisfies LedgerEvent)}\n\n`;
}

/** No faster than the reader reads. */
async function write(response: ServerResponse, text: string, signal: AbortSignal): Promise<void> {
  if (!response.write(text) && !signal.aborted) await once(response, 'drain', { signal });
}

/** Remembers that it was rung until somebody asks. */
class Bell {
  readonly #closed: AbortSignal;
  #ringing = false;
  #hear: () => void = () => undefined;

  constructor(closed: AbortSignal) {
    this.#closed = closed;
    closed.addEventListener('abort', () => {
      this.#hear();
    });
  }

  ring(): void {
    this.#ringing = true;
    this.#hear();
  }

  /** Whether it was rung since the last time, or is within so many ms. */
  async rung(withinMs: number): Promise<boolean> {
    if (!this.#ringing && !this.#closed.aborted) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, withinMs);
        this.#hear = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
    const was = this.#ringing;
    this.#ringing = false;
    return was;
  }
}
