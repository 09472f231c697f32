import {
  clientFigures,
  findExperiment,
  listExperiments,
  listProfiles,
  listTransmissions,
  roundFigures,
  type ClientFigures,
  type ClientProfile,
  type Experiment,
  type ExperimentLine,
  type ExperimentRecord,
  type RoundFigures,
  type Transmission,
} from '#storage';
import type { Json } from '../../coordinator/rest/as-json.ts';
import { CoordinatorClient, type CoordinatorAddress } from '../remote/coordinator-client.ts';
import type { Settings } from '../settings.ts';
import { asWritten, inRecord } from './in-record.ts';

/** All that the record has of one experiment. */
export interface ExperimentHistory {
  readonly experiment: Json<Experiment>;
  readonly rounds: readonly RoundFigures[];
  readonly clients: readonly ClientFigures[];
  readonly transmissions: readonly Json<Transmission>[];
}

/** Reads the experiments of this machine's record, or those of a coordinator elsewhere. */
export async function readExperiments(
  settings: Settings,
  coordinator: CoordinatorAddress | undefined,
): Promise<readonly Json<ExperimentLine>[]> {
  if (coordinator !== undefined) return new CoordinatorClient(coordinator).list();
  return withRecord(settings, (record) => record.use(listExperiments));
}

export async function readHistory(
  id: string,
  settings: Settings,
  coordinator: CoordinatorAddress | undefined,
): Promise<ExperimentHistory> {
  if (coordinator === undefined) {
    return withRecord(settings, (record) =>
      record.use(async (db) => ({
        experiment: await findExperiment(db, id),
        rounds: await roundFigures(db, id),
        clients: await clientFigures(db, id),
        transmissions: await listTransmissions(db, id),
      })),
    );
  }
  const client = new CoordinatorClient(coordinator);
  return {
    experiment: await client.show(id),
    rounds: await client.rounds(id),
    clients: await client.clients(id),
    transmissions: await client.transmissions(id),
  };
}

/** Every version of every client's profile. */
export async function readProfiles(
  id: string,
  settings: Settings,
  coordinator: CoordinatorAddress | undefined,
): Promise<readonly Json<ClientProfile>[]> {
  if (coordinator !== undefined) return new CoordinatorClient(coordinator).profiles(id);
  return withRecord(settings, (record) =>
    record.use(async (db) => {
      await findExperiment(db, id);
      return listProfiles(db, id);
    }),
  );
}

async function withRecord<T>(settings: Settings, read: (record: ExperimentRecord) => Promise<T>): Promise<Json<T>> {
  return inRecord(settings, async (record) => asWritten(await read(record)));
}
