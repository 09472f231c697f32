import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { openRecord, type ExperimentRecord } from '#storage';
import { startTestServer } from '../postgres/test-server.ts';
import { BatteredSystem } from './battered-system.ts';

export interface Battered {
  readonly home: string;
  readonly databaseUrl: string;
  readonly record: ExperimentRecord;
  readonly system: BatteredSystem;
  close(): Promise<void>;
}

/** A system with a database and a work folder of its own, a trainer of that name, and a reward model of the examples. */
export async function startBattered(site: string, rewardModel: string): Promise<Battered> {
  const home = await mkdtemp(join(tmpdir(), 'airtune-mutated-'));
  const server = await startTestServer();
  const databaseUrl = await server.createDatabase();
  const record = await openRecord({ home, databaseUrl });
  const system = new BatteredSystem(home, record);
  await system.start(site, resolve(import.meta.dirname, `../../examples/reward-models/${rewardModel}.ts`));
  const close = async (): Promise<void> => {
    await system.close();
    await record.close();
    await server.stop();
    await rm(home, { recursive: true });
  };
  return { home, databaseUrl, record, system, close };
}
