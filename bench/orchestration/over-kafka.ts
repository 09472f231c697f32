import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { startLocalKafka } from '#local-kafka';
import { openRecord, type ExperimentRecord } from '#storage';
import type { RoleTask } from './role-alone.ts';

const TIMEOUT_MS = 170_000;

interface KafkaMeasurement {
  readonly secondsPerRound: number;
  readonly phases: Readonly<Record<string, number>>;
}

/** The same rounds by coordinator, channel and site as processes of their own, over a real Kafka and PostgreSQL. */
export async function measureOverKafka(clients: number, rounds: number): Promise<KafkaMeasurement> {
  const folder = await mkdtemp(join(tmpdir(), 'airtune-orchestration-'));
  const kafka = await startLocalKafka({ folder: join(folder, 'kafka'), variables: process.env });
  const record = await openRecord({ home: join(folder, 'database') });
  const services: ChildProcess[] = [];
  // Nothing else keeps this process up while the broker stops.
  const awake = setInterval(() => undefined, 1000);
  try {
    const common = { broker: kafka.broker, databaseUrl: record.url, folder, clients, rounds };
    for (const role of ['coordinator', 'channel', 'site'] as const) services.push(await start({ ...common, role }));
    for (const service of services) service.send('go');
    await finished(record);
    return await phases(record);
  } finally {
    for (const service of services) service.kill('SIGKILL');
    await record.close();
    await kafka.stop('now');
    clearInterval(awake);
    await rm(folder, { recursive: true, force: true, maxRetries: 5 });
  }
}

async function start(task: RoleTask): Promise<ChildProcess> {
  const file = import.meta.url.endsWith('.ts') ? './role-alone.ts' : './role-alone.js';
  const child = fork(fileURLToPath(new URL(file, import.meta.url)), [JSON.stringify(task)]);
  await Promise.race([
    once(child, 'message'),
    once(child, 'exit').then(([code]) => {
      throw new Error(`${task.role} ended with ${String(code)} before it was ready`);
    }),
  ]);
  return child;
}

async function finished(record: ExperimentRecord): Promise<void> {
  for (let waitedMs = 0; waitedMs < TIMEOUT_MS; waitedMs += 100) {
    const [found] = await record.use((db) =>
      db.query<{ state: string }[]>(`SELECT state FROM airtune.experiment WHERE id = 'bench'`),
    );
    if (found?.state === 'finished') return;
    if (found?.state === 'failed') throw new Error('the experiment failed');
    await sleep(100);
  }
  throw new Error(`not finished after ${TIMEOUT_MS / 1000} s`);
}

/** From what the record says of each training round: when it was planned, opened, answered and closed. */
async function phases(record: ExperimentRecord): Promise<KafkaMeasurement> {
  const [mean] = await record.use((db) =>
    db.query<{ whole: number; measure: number; answer: number; close: number }[]>(
      `SELECT avg(extract(epoch FROM closed_at - planned_at))::float AS whole,
        avg(extract(epoch FROM opened_at - planned_at))::float AS measure,
        avg(extract(epoch FROM answered_at - opened_at))::float AS answer,
        avg(extract(epoch FROM closed_at - answered_at))::float AS close
        FROM airtune.round WHERE purpose = 'training'`,
    ),
  );
  const rounded = (seconds: number | undefined): number => Number((seconds ?? NaN).toPrecision(3));
  const phases = {
    measureLinks: rounded(mean?.measure),
    carryAnswerAndRecord: rounded(mean?.answer),
    close: rounded(mean?.close),
  };
  return { secondsPerRound: rounded(mean?.whole), phases };
}
