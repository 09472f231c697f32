import type { RecordedReward } from '../entities/evaluation.ts';
import type { Connection } from '../connection.ts';

/** One client of an experiment: what it enrolled with, and how good its model is. Accuracies are fractions of 1. */
export interface ClientFigures {
  readonly client: string;
  readonly site: string;
  readonly trainExamples: number;
  readonly personalTestExamples: number;
  readonly majorityClass: number;
  readonly personalAccuracy: number | null;
  /** Before training. */
  readonly personalAccuracyFirst: number | null;
  readonly generalAccuracy: number | null;
  readonly generalAccuracyFirst: number | null;
  /** The same client, seed and steps with nothing shared; null without that baseline. */
  readonly localOnly: number | null;
  readonly personalDigest: string | null;
  /** Of held-out instructions, where the method learns from rewards; null where it does not. */
  readonly reward: RecordedReward | null;
  readonly rewardFirst: RecordedReward | null;
}

const CLIENTS = `
  SELECT c.name AS client, c.site, c.train_examples AS "trainExamples",
    c.personal_test_examples AS "personalTestExamples", c.majority_class_accuracy AS "majorityClass",
    latest.personal_accuracy AS "personalAccuracy", first.personal_accuracy AS "personalAccuracyFirst",
    latest.general_accuracy AS "generalAccuracy", first.general_accuracy AS "generalAccuracyFirst",
    local.personal_accuracy AS "localOnly", latest.personal_digest AS "personalDigest",
    latest.reward, first.reward AS "rewardFirst"
  FROM airtune.client AS c
    LEFT JOIN LATERAL (
      SELECT * FROM airtune.evaluation AS e
      WHERE e.experiment_id = c.experiment_id AND e.client = c.name AND e.arm = 'federated'
      ORDER BY e.after_round DESC LIMIT 1
    ) AS latest ON true
    LEFT JOIN airtune.evaluation AS first
      ON first.experiment_id = c.experiment_id AND first.client = c.name AND first.arm = 'federated' AND first.after_round = 0
    LEFT JOIN LATERAL (
      SELECT * FROM airtune.evaluation AS e
      WHERE e.experiment_id = c.experiment_id AND e.client = c.name AND e.arm = 'local-only'
      ORDER BY e.after_round DESC LIMIT 1
    ) AS local ON true
  WHERE c.experiment_id = $1
  ORDER BY c.name COLLATE "C"`;

/** Every client of an experiment, in ascending order of names. */
export function clientFigures(db: Connection, experiment: string): Promise<ClientFigures[]> {
  return db.query<ClientFigures[]>(CLIENTS, [experiment]);
}
