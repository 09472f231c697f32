import type { Row } from '../entities/row.ts';
import { Contribution } from '../entities/contribution.ts';
import { Evaluation } from '../entities/evaluation.ts';
import { LocalTraining } from '../entities/local-training.ts';
import { StrayUpload } from '../entities/stray-upload.ts';
import { Transmission } from '../entities/transmission.ts';
import type { Connection } from '../record.ts';
import { insertOnce } from './insert-once.ts';

// History: rows are added, never changed. A fact that is recorded already changes nothing; each function answers
// whether it was new.

export async function insertTransmission(db: Connection, transmission: Row<Transmission>): Promise<boolean> {
  return (await insertOnce(db, Transmission, [transmission])) === 1;
}

export async function insertLocalTraining(db: Connection, training: Row<LocalTraining>): Promise<boolean> {
  return (await insertOnce(db, LocalTraining, [training])) === 1;
}

export async function insertContribution(db: Connection, contribution: Omit<Contribution, 'id'>): Promise<boolean> {
  return (await insertOnce(db, Contribution, [contribution])) === 1;
}

export async function insertStrayUpload(db: Connection, upload: Row<StrayUpload>): Promise<boolean> {
  return (await insertOnce(db, StrayUpload, [upload])) === 1;
}

export async function insertEvaluation(db: Connection, evaluation: Row<Evaluation>): Promise<boolean> {
  return (await insertOnce(db, Evaluation, [evaluation])) === 1;
}

/** A client's upload of these bytes for this round, if a verdict on it is recorded. */
export async function findContribution(
  db: Connection,
  key: Pick<Contribution, 'experimentId' | 'round' | 'client'> & { readonly digest: string },
): Promise<Contribution | undefined> {
  return (await db.findOneBy(Contribution, { ...key })) ?? undefined;
}

/** The accepted contributions of a round, in no particular order. */
export function listAccepted(db: Connection, experimentId: string, round: number): Promise<Contribution[]> {
  return db.findBy(Contribution, { experimentId, round, verdict: 'accepted' });
}
