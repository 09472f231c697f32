import { Experiment, type ExperimentState } from '../entities/experiment.ts';
import { Round } from '../entities/round.ts';
import type { Connection } from '../record.ts';

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

/** The experiment, locked until the transaction ends: who changes its rounds goes first through here. */
export async function lockExperiment(db: Connection, id: string): Promise<Experiment | undefined> {
  const found = await db.findOne(Experiment, { where: { id }, lock: { mode: 'pessimistic_write' } });
  return found ?? undefined;
}

/** Moves an experiment on; answers false when it was no longer in the state that it is moved from. */
export async function moveExperiment(
  db: Connection,
  id: string,
  from: ExperimentState,
  change: Partial<Pick<Experiment, 'state' | 'globalDigest' | 'globalBytes' | 'endedAt'>>,
): Promise<boolean> {
  const { affected } = await db.update(Experiment, { id, state: from }, change);
  return affected === 1;
}

/** Ends an experiment that cannot go on; one that has ended already stays as it is. */
export async function failExperiment(
  db: Connection,
  id: string,
  failure: { readonly code: string; readonly message: string; readonly at: Date },
): Promise<boolean> {
  const ended = {
    state: 'failed',
    failureCode: failure.code,
    failureMessage: failure.message,
    endedAt: failure.at,
  } as const;
  const enrolling = await db.update(Experiment, { id, state: 'enrolling' }, ended);
  if (enrolling.affected === 1) return true;
  return (await db.update(Experiment, { id, state: 'running' }, ended)).affected === 1;
}

/** Takes back that an experiment failed, so that it can be gone on with; answers false when it had not failed. */
export async function reviveExperiment(db: Connection, id: string): Promise<boolean> {
  const begun = (await db.countBy(Round, { experimentId: id })) > 0;
  const alive = {
    state: begun ? 'running' : 'enrolling',
    failureCode: null,
    failureMessage: null,
    endedAt: null,
  } as const;
  return (await db.update(Experiment, { id, state: 'failed' }, alive)).affected === 1;
}
