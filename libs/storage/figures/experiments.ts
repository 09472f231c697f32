import { Experiment } from '../entities/experiment.ts';
import type { Connection } from '../connection.ts';
import { StorageError } from '../storage-error.ts';

/** An experiment on one line. */
export interface ExperimentLine {
  readonly experiment: string;
  readonly method: string;
  readonly state: Experiment['state'];
  readonly rounds: number;
  readonly roundsClosed: number;
  readonly clients: number;
  readonly personalAccuracy: number | null;
  readonly submittedAt: Date;
}

const LINES = `
  SELECT e.id AS experiment, e.method, e.state, e.rounds, e.submitted_at AS "submittedAt",
    (SELECT count(*) FROM airtune.client AS c WHERE c.experiment_id = e.id)::int AS clients,
    (SELECT count(*) FROM airtune.round AS r
      WHERE r.experiment_id = e.id AND r.purpose = 'training' AND r.closed_at IS NOT NULL)::int AS "roundsClosed",
    (SELECT avg(v.personal_accuracy) FROM airtune.evaluation AS v
      WHERE v.experiment_id = e.id AND v.arm = 'federated' AND v.after_round = (
        SELECT max(l.after_round) FROM airtune.evaluation AS l WHERE l.experiment_id = e.id)) AS "personalAccuracy"
  FROM airtune.experiment AS e
  ORDER BY e.submitted_at DESC, e.id`;

/** All experiments, latest first. */
export function listExperiments(db: Connection): Promise<ExperimentLine[]> {
  return db.query<ExperimentLine[]>(LINES);
}

/** Throws `storage.experiment-unknown`, naming some that there are. */
export async function findExperiment(db: Connection, id: string): Promise<Experiment> {
  const found = await db.findOneBy(Experiment, { id });
  if (found !== null) return found;
  const known = await db.find(Experiment, { select: { id: true }, order: { submittedAt: 'DESC' }, take: 5 });
  const names = known.length === 0 ? 'there is none yet' : `the latest are ${known.map((one) => one.id).join(', ')}`;
  throw new StorageError('storage.experiment-unknown', `There is no experiment "${id}"; ${names}.`);
}

/** The latest experiment that is neither finished nor failed, if there is one. */
export async function latestUnfinished(db: Connection): Promise<Experiment | undefined> {
  const [found] = await db.find(Experiment, {
    where: [{ state: 'enrolling' }, { state: 'running' }],
    order: { submittedAt: 'DESC' },
    take: 1,
  });
  return found;
}
