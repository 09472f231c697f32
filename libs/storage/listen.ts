import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';

/** Where a broken connection is made anew; the listener is told, for it may have missed something. */
const AGAIN_AFTER_MS = 1000;

/**
 * Listens to a channel of NOTIFY on a connection of its own, until the function that it returns is called. When the
 * connection breaks it is made again, and `hear` called with an empty payload, because something may have been missed.
 */
export async function listen(
  url: string,
  channel: string,
  hear: (payload: string) => void,
): Promise<() => Promise<void>> {
  const stopped = new AbortController();
  let ear = await connect(url, channel, hear);
  const keepOn = async (): Promise<void> => {
    while (!stopped.signal.aborted) {
      await ear.broken;
      try {
        await sleep(AGAIN_AFTER_MS, undefined, { signal: stopped.signal, ref: false });
        ear = await connect(url, channel, hear);
        hear('');
      } catch {
        // Unreachable still, which is tried again, or stopped.
      }
    }
  };
  const keeping = keepOn();
  return async () => {
    stopped.abort();
    await ear.close();
    await keeping;
    // It may have been made anew meanwhile.
    await ear.close();
  };
}

interface Ear {
  /** Resolves when the connection is gone, for whatever reason. */
  readonly broken: Promise<void>;
  readonly close: () => Promise<void>;
}

async function connect(url: string, channel: string, hear: (payload: string) => void): Promise<Ear> {
  const client = new pg.Client({ connectionString: url, keepAlive: true, application_name: 'airtune listener' });
  const { promise: broken, resolve } = Promise.withResolvers<undefined>();
  // A server that goes away is told of twice: as an error of its own, and as the end of the connection.
  client.on('error', () => {
    resolve(undefined);
  });
  client.on('end', () => {
    resolve(undefined);
  });
  client.on('notification', ({ payload }) => {
    hear(payload ?? '');
  });
  const close = async (): Promise<void> => {
    await client.end().catch(() => undefined);
  };
  try {
    await client.connect();
    await client.query(`LISTEN ${pg.escapeIdentifier(channel)}`);
  } catch (error) {
    await close();
    throw error;
  }
  return { broken, close };
}
