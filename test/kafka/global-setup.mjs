import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A folder that all workers of this test run share; what they start together is noted there. */
export default async function setUp() {
  process.env.AIRTUNE_TEST_PID = String(process.pid);
  process.env.AIRTUNE_TEST_RUN = await mkdtemp(join(tmpdir(), 'airtune-tests-'));
}
