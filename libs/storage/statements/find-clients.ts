import { Client } from '../entities/client.ts';
import type { Connection } from '../connection.ts';

export async function findClient(db: Connection, experimentId: string, name: string): Promise<Client | undefined> {
  return (await db.findOneBy(Client, { experimentId, name })) ?? undefined;
}

/** Name, site, training examples and key of every client of an experiment, in no particular order. */
export function listClients(
  db: Connection,
  experimentId: string,
): Promise<Pick<Client, 'name' | 'site' | 'trainExamples' | 'publicKey'>[]> {
  return db.find(Client, {
    where: { experimentId },
    select: { name: true, site: true, trainExamples: true, publicKey: true },
  });
}
