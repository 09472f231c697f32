import { Transmission } from '../entities/transmission.ts';
import type { Connection } from '../connection.ts';

/** Every crossing of an experiment, by round, client and direction. */
export function listTransmissions(db: Connection, experimentId: string): Promise<Transmission[]> {
  return db.find(Transmission, { where: { experimentId }, order: { round: 'ASC', client: 'ASC', direction: 'ASC' } });
}
