import { Experiment } from '../entities/experiment.ts';
import { ask, type Connection } from '../connection.ts';

export type NewExperiment = Pick<
  Experiment,
  'id' | 'name' | 'method' | 'seed' | 'rounds' | 'spec' | 'base' | 'globalDigest' | 'globalBytes' | 'submittedAt'
>;

/** Records a submission; answers false when there is an experiment of that name already. */
export async function insertExperiment(db: Connection, experiment: NewExperiment): Promise<boolean> {
  const insert = db.createQueryBuilder().insert().into(Experiment);
  const result = await insert
    .values({ ...experiment, state: 'enrolling' } as object)
    .orIgnore()
    .updateEntity(false)
    .returning('id')
    .execute();
  return (result.raw as unknown[]).length === 1;
}

/** What of an experiment changes. */
export type ExperimentProgress = Pick<
  Experiment,
  'state' | 'revision' | 'globalDigest' | 'globalBytes' | 'failureCode' | 'failureMessage' | 'endedAt'
>;

/** The experiment, locked until the transaction ends: who changes its rounds or history goes first through here. */
export async function lockExperiment(db: Connection, id: string): Promise<ExperimentProgress | undefined> {
  const [found] = await ask<ExperimentProgress>(
    db,
    `SELECT state, revision, global_digest AS "globalDigest", global_bytes AS "globalBytes", failure_code AS "failureCode",
      failure_message AS "failureMessage", ended_at AS "endedAt" FROM airtune.experiment WHERE id = $1 FOR UPDATE`,
    [id],
  );
  return found;
}

/** Moves an experiment on; whoever does holds its lock. */
export async function moveExperiment(db: Connection, id: string, change: Partial<ExperimentProgress>): Promise<void> {
  const columns = db.dataSource
    .getMetadata(Experiment)
    .columns.filter(({ propertyName }) => propertyName in change)
    .map(({ databaseName, propertyName }) => [databaseName, change[propertyName as keyof ExperimentProgress]] as const);
  const names = columns.map(([name]) => name).join(', ');
  await ask(
    db,
    `UPDATE airtune.experiment SET (${names}) =
      (SELECT ${names} FROM json_populate_record(NULL::airtune.experiment, $2)) WHERE id = $1`,
    [id, JSON.stringify(Object.fromEntries(columns))],
  );
}

/** The experiments that are under way. */
export async function listUnfinished(db: Connection): Promise<string[]> {
  const found = await db.find(Experiment, {
    where: [{ state: 'enrolling' }, { state: 'running' }],
    select: { id: true },
    order: { submittedAt: 'ASC' },
  });
  return found.map(({ id }) => id);
}
