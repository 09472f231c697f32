import { MoreThan } from 'typeorm';
import { ClientProfile } from '../entities/client-profile.ts';
import type { Connection } from '../connection.ts';

/** A client's last profile, in force already or from the next round on. */
export async function latestProfile(
  db: Connection,
  experimentId: string,
  client: string,
): Promise<ClientProfile | undefined> {
  const [latest] = await db.find(ClientProfile, {
    where: { experimentId, client },
    order: { version: 'DESC' },
    take: 1,
  });
  return latest;
}

/** Every profile of an experiment's clients that is not the first, by client and version. */
export function listChangedProfiles(db: Connection, experimentId: string): Promise<ClientProfile[]> {
  return db.find(ClientProfile, {
    where: { experimentId, version: MoreThan(1) },
    order: { client: 'ASC', version: 'ASC' },
  });
}
