import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';

/** Ends the broker that this test run has started, if it has. */
export default async function tearDown() {
  const folder = process.env.AIRTUNE_TEST_RUN;
  const state = await readFile(join(folder, 'broker.json'), 'utf8').catch(() => undefined);
  if (state !== undefined) {
    try {
      process.kill(-JSON.parse(state).pid, 'SIGKILL');
    } catch {
      // It has ended already.
    }
  }
  await rm(folder, { recursive: true, force: true, maxRetries: 5 });
}
