import { DataSource } from 'typeorm';
import { Client } from './entities/client.ts';
import { ClientProfile } from './entities/client-profile.ts';
import { CohortMember } from './entities/cohort-member.ts';
import { Contribution } from './entities/contribution.ts';
import { Coordinator } from './entities/coordinator.ts';
import { DeadLetter } from './entities/dead-letter.ts';
import { Evaluation } from './entities/evaluation.ts';
import { Experiment } from './entities/experiment.ts';
import { LedgerEntry } from './entities/ledger-entry.ts';
import { LocalTraining } from './entities/local-training.ts';
import { OutgoingFact } from './entities/outgoing-fact.ts';
import { RewardModel } from './entities/reward-model.ts';
import { RewardPresence } from './entities/reward-presence.ts';
import { Round } from './entities/round.ts';
import { Score } from './entities/score.ts';
import { Site } from './entities/site.ts';
import { SnakeCaseColumns } from './entities/snake-case-columns.ts';
import { StrayUpload } from './entities/stray-upload.ts';
import { Transmission } from './entities/transmission.ts';
import { migrations } from './migrations/catalogue.ts';

export const SCHEMA = 'airtune';
export const MIGRATION_TABLE = 'migration';

/** Connections of one process: a writer, a reader or two, and one to spare. */
const CONNECTIONS = 5;
const CONNECT_TIMEOUT_MS = 10_000;

/** The record's tables as TypeORM sees them, used as a role; migrations are run by hand, see `migrate.ts`. */
export function recordDataSource(url: string, role?: string): DataSource {
  return new DataSource({
    type: 'postgres',
    url: role === undefined ? url : inRole(url, role),
    schema: SCHEMA,
    entities: [
      Experiment,
      Client,
      ClientProfile,
      Round,
      CohortMember,
      Transmission,
      LocalTraining,
      Contribution,
      StrayUpload,
      Evaluation,
      Score,
      RewardModel,
      RewardPresence,
      Site,
      Coordinator,
      LedgerEntry,
      OutgoingFact,
      DeadLetter,
    ],
    namingStrategy: new SnakeCaseColumns(),
    migrations: [...migrations],
    migrationsTableName: MIGRATION_TABLE,
    synchronize: false,
    installExtensions: false,
    parseInt8: true,
    logging: false,
    applicationName: 'airtune',
    // Statements that do not wait for each other's answers share a journey to the database.
    extra: { pipeline: true },
    poolSize: CONNECTIONS,
    connectTimeoutMS: CONNECT_TIMEOUT_MS,
    // An idle connection that breaks is replaced by the pool; whoever uses one sees the error there.
    poolErrorHandler: () => undefined,
  });
}

/** The URL with a role that every connection takes on as it begins; the last option of a kind is the one in force. */
function inRole(url: string, role: string): string {
  const changed = new URL(url);
  changed.searchParams.set('options', `${changed.searchParams.get('options') ?? ''} -c role=${role}`.trim());
  return changed.toString();
}
