import { Client } from '../entities/client.ts';
import { ClientProfile } from '../entities/client-profile.ts';
import { Evaluation } from '../entities/evaluation.ts';
import { Score } from '../entities/score.ts';
import { Transmission } from '../entities/transmission.ts';
import type { Connection } from '../connection.ts';

/** Which part of an experiment's history is wanted. */
export interface HistoryPage {
  readonly round?: number | undefined;
  readonly client?: string | undefined;
  readonly offset: number;
  readonly limit: number;
}

/** Crossings by round, client and direction. */
export function pageOfTransmissions(db: Connection, experimentId: string, page: HistoryPage): Promise<Transmission[]> {
  return db.find(Transmission, {
    where: { experimentId, ...(page.round === undefined ? {} : { round: page.round }), ...clientOf(page) },
    order: { round: 'ASC', client: 'ASC', direction: 'ASC' },
    skip: page.offset,
    take: page.limit,
  });
}

/** Evaluations by the rounds that are in them, client and arm. */
export function listEvaluations(db: Connection, experimentId: string, page: HistoryPage): Promise<Evaluation[]> {
  return db.find(Evaluation, {
    where: { experimentId, ...(page.round === undefined ? {} : { afterRound: page.round }), ...clientOf(page) },
    order: { afterRound: 'ASC', client: 'ASC', arm: 'ASC' },
    skip: page.offset,
    take: page.limit,
  });
}

/** What completions earned, by round, client, iteration, place and reward; of one iteration where it is named. */
export function pageOfScores(
  db: Connection,
  experimentId: string,
  page: HistoryPage & { readonly iteration?: number },
): Promise<Score[]> {
  const { round, iteration } = page;
  return db.find(Score, {
    where: {
      experimentId,
      ...(round === undefined ? {} : { round }),
      ...clientOf(page),
      ...(iteration === undefined ? {} : { iteration }),
    },
    order: { round: 'ASC', client: 'ASC', iteration: 'ASC', place: 'ASC', reward: 'ASC', request: 'ASC' },
    skip: page.offset,
    take: page.limit,
  });
}

/** Every client as it enrolled, in ascending order of names. */
export function listEnrolments(db: Connection, experimentId: string): Promise<Client[]> {
  return db.find(Client, { where: { experimentId }, order: { name: 'ASC' } });
}

/** Every version of every client's profile. */
export function listProfiles(db: Connection, experimentId: string): Promise<ClientProfile[]> {
  return db.find(ClientProfile, { where: { experimentId }, order: { client: 'ASC', version: 'ASC' } });
}

function clientOf({ client }: HistoryPage): { client?: string } {
  return client === undefined ? {} : { client };
}
