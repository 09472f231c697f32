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
  let client = await connect(url, channel, hear, () => void again());
  const again = async (): Promise<void> => {
    while (!stopped.signal.aborted) {
      try {
        await sleep(AGAIN_AFTER_MS, undefined, { signal: stopped.signal, ref: false });
        client = await connect(url, channel, hear, () => void again());
        hear('');
        return;
      } catch {
        // Unreachable still, or stopped.
      }
    }
  };
  return async () => {
    stopped.abort();
    await client.end();
  };
}

async function connect(
  url: string,
  channel: string,
  hear: (payload: string) => void,
  broken: () => void,
): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: url, keepAlive: true, application_name: 'airtune listener' });
  await client.connect();
  client.on('notification', ({ payload }) => {
    hear(payload ?? '');
  });
  client.once('error', broken);
  await client.query(`LISTEN ${pg.escapeIdentifier(channel)}`);
  return client;
}
