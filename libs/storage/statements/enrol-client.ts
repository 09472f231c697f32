import type { Row } from '../entities/row.ts';
import { Client } from '../entities/client.ts';
import { ClientProfile } from '../entities/client-profile.ts';
import type { Connection } from '../record.ts';
import { insertOnce } from './insert-once.ts';

/** Records a client and the profile that it begins with; answers false when it had enrolled before. */
export async function insertClient(
  db: Connection,
  client: Row<Client>,
  profile: Pick<ClientProfile, 'deviceClass' | 'loraRank' | 'loraAlpha' | 'loraBlocks'>,
): Promise<boolean> {
  const { experimentId, name, enrolledAt } = client;
  const inserted = await insertOnce(db, Client, [client]);
  const first = { experimentId, client: name, version: 1, effectiveFromRound: 1, recordedAt: enrolledAt };
  await insertOnce(db, ClientProfile, [{ ...first, ...profile }]);
  return inserted === 1;
}

export async function findClient(db: Connection, experimentId: string, name: string): Promise<Client | undefined> {
  return (await db.findOneBy(Client, { experimentId, name })) ?? undefined;
}

/** Name, site and training examples of every client of an experiment, in no particular order. */
export function listClients(
  db: Connection,
  experimentId: string,
): Promise<Pick<Client, 'name' | 'site' | 'trainExamples'>[]> {
  return db.find(Client, { where: { experimentId }, select: { name: true, site: true, trainExamples: true } });
}

export function countClients(db: Connection, experimentId: string): Promise<number> {
  return db.countBy(Client, { experimentId });
}
