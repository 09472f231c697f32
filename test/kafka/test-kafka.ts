import { randomBytes } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { readKafkaSettings, type KafkaSettings } from '#events';
import { canStartLocalKafka, startLocalKafka } from '#local-kafka';

/** The broker of this test run. */
export interface TestKafka {
  /** Settings under a prefix of their own. */
  settings(changes?: Partial<KafkaSettings>): KafkaSettings;
  /** As {@link settings}, at the port where one must log in; undefined when the broker was named from outside. */
  readonly guarded: { readonly broker: string; readonly username: string; readonly password: string } | undefined;
}

/** Whoever logs in at the test broker. */
const LOGIN = { username: 'airtune', password: 'correct-horse' };

interface State {
  readonly pid: number;
  readonly broker: string;
  readonly guardedBroker: string;
}

/**
 * The broker that AIRTUNE_KAFKA_BROKERS names, or one that this test run starts for all of its workers; undefined on a
 * machine where neither is to be had, unless AIRTUNE_REQUIRE_KAFKA says that the tests may not do without.
 */
export async function testKafka(): Promise<TestKafka | undefined> {
  const named = readKafkaSettings(process.env);
  if (named !== undefined) return asTestKafka(named);
  const missing = await canStartLocalKafka(process.env);
  if (missing !== undefined) {
    if (process.env['AIRTUNE_REQUIRE_KAFKA'] === '1') throw new Error(missing);
    await writeFile(join(runFolder(), 'no-broker'), missing);
    return undefined;
  }
  const { broker, guardedBroker } = await sharedBroker();
  const settings = { brokers: [broker], prefix: '', sessionTimeoutMs: 6000 };
  return asTestKafka(settings, { broker: guardedBroker, ...LOGIN });
}

function asTestKafka(base: KafkaSettings, guarded?: TestKafka['guarded']): TestKafka {
  return {
    settings: (changes = {}) => ({ ...base, prefix: `test-${randomBytes(5).toString('hex')}`, ...changes }),
    guarded,
  };
}

/** One worker makes the folder and starts the broker; the others wait for what it writes. */
async function sharedBroker(): Promise<State> {
  const folder = runFolder();
  const state = join(folder, 'broker.json');
  const first = await mkdir(join(folder, 'kafka')).then(
    () => true,
    () => false,
  );
  if (first) {
    try {
      const kafka = await startLocalKafka({
        folder: join(folder, 'kafka'),
        variables: process.env,
        login: LOGIN,
        livesWith: Number(process.env['AIRTUNE_TEST_PID']),
      });
      await writeFile(
        state,
        JSON.stringify({ pid: kafka.pid, broker: kafka.broker, guardedBroker: kafka.guardedBroker }),
      );
    } catch (error) {
      await writeFile(join(folder, 'broker.failed'), String(error));
      throw error;
    }
  }
  for (;;) {
    const written = await readFile(state, 'utf8').catch(() => '');
    if (written !== '') return JSON.parse(written) as State;
    const failed = await readFile(join(folder, 'broker.failed'), 'utf8').catch(() => '');
    if (failed !== '') throw new Error(failed);
    await sleep(100);
  }
}

function runFolder(): string {
  return process.env['AIRTUNE_TEST_RUN'] ?? tmpdir();
}
