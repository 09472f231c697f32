import type { RecordedReward } from '../entities/evaluation.ts';
import type { Connection } from '../connection.ts';
import { rewardGain, type RewardGain } from './reward-gain.ts';

/** One client of an experiment: what it enrolled with, and how good its model is. Accuracies are fractions of 1. */
export interface ClientFigures {
  readonly client: string;
  readonly site: string;
  /** What its site computes the base in: fp32, int8, or int8-7-bit. */
  readonly basePrecision: string;
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
  /** The decoder that the client tuned once more for itself; null before that, and where method or spec ask for none. */
  readonly own: OwnDecoder | null;
}

/** What a client ends with, and what it earns beside the shared decoder that it was made of. */
export interface OwnDecoder {
  /** Of its tuned blocks, as canonical safetensors. */
  readonly digest: string;
  /** Of the same held-out instructions; null where they could not be judged. */
  readonly reward: RecordedReward | null;
  /** Over the shared decoder, by the client's own weights; null where one of the two was not measured. */
  readonly gain: RewardGain | null;
  /** Why the client did not tune for itself and keeps what is shared; null where it did. */
  readonly untuned: string | null;
  /** Why it tuned less than it was to; null where it did not. */
  readonly endedEarly: string | null;
}

/** As the database has it. */
interface Row extends Omit<ClientFigures, 'own'> {
  readonly own: Omit<OwnDecoder, 'gain'> | null;
}

const CLIENTS = `
  SELECT c.name AS client, c.site, COALESCE(c.base_precision, 'fp32') AS "basePrecision", c.train_examples AS "trainExamples",
    c.personal_test_examples AS "personalTestExamples", c.majority_class_accuracy AS "majorityClass",
    latest.personal_accuracy AS "personalAccuracy", first.personal_accuracy AS "personalAccuracyFirst",
    latest.general_accuracy AS "generalAccuracy", first.general_accuracy AS "generalAccuracyFirst",
    local.personal_accuracy AS "localOnly", latest.personal_digest AS "personalDigest",
    latest.reward, first.reward AS "rewardFirst",
    CASE WHEN own.arm IS NOT NULL
      THEN jsonb_build_object('digest', own.shared_digest, 'reward', own.reward, 'untuned', own.untuned_reason,
        'endedEarly', own.tuning -> 'endedEarly')
    END AS own
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
    LEFT JOIN airtune.evaluation AS own
      ON own.experiment_id = c.experiment_id AND own.client = c.name AND own.arm = 'own'
        AND own.after_round = latest.after_round
  WHERE c.experiment_id = $1
  ORDER BY c.name COLLATE "C"`;

/** Every client of an experiment, in ascending order of names. */
export async function clientFigures(db: Connection, experiment: string): Promise<ClientFigures[]> {
  const rows = await db.query<Row[]>(CLIENTS, [experiment]);
  return rows.map(({ own, ...client }) => {
    if (own === null) return { ...client, own };
    const gain = rewardGain([{ reward: own.reward, rewardFirst: client.reward }]) ?? null;
    return { ...client, own: { ...own, gain } };
  });
}
