import type { Connection } from '../connection.ts';

/** One round as it is recorded: crossings, cost, and how good the clients' models are after it. */
export interface RoundFigures {
  readonly round: number;
  readonly stage: 'planned' | 'open' | 'committed' | 'abandoned' | 'evaluated';
  readonly reason?: string | undefined;
  readonly delivered: { readonly uplink: number; readonly downlink: number };
  readonly lost: { readonly uplink: number; readonly downlink: number };
  /** Clients that had not answered when the round's time was up. */
  readonly missing: number;
  readonly withheld: number;
  readonly refused: number;
  /** Simulated: the sum of all crossings, and the slowest client's own. */
  readonly airtimeMs: number;
  readonly delayMs: number;
  readonly energyJ: number;
  /** What crossed the air, what a lost transfer got across before its deadline included. */
  readonly uplinkBytes: number;
  readonly downlinkBytes: number;
  /** Where channels are left out: the uploads' sizes, headers included, and those of the same uploads with every channel. */
  readonly uploads?: UploadSizes | undefined;
  /** Rewards that the round was judged without: their models were away. */
  readonly leftOutRewards: readonly string[];
  readonly meanLoss?: number | undefined;
  readonly personalAccuracy?: { readonly mean: number; readonly worst: number } | undefined;
  readonly generalAccuracy?: number | undefined;
  /** Where clients learn from rewards. */
  readonly reward?: RoundReward | undefined;
  /** The same: means over the clients that trained. KL in nats a completion, to the reference; squared distance to the global model. */
  readonly policy?: { readonly kl: number; readonly squaredDistance: number } | undefined;
}

/** How reward models like the clients' completions of held-out instructions after a round: means over the clients. */
export interface RoundReward {
  /** By the spec's weights, and by each client's own. */
  readonly mean: number;
  readonly weighted: number;
  readonly components: Readonly<Record<string, number>>;
  /** Each client's own weighted reward, where there are at most 64. */
  readonly clients?: Readonly<Record<string, number>> | undefined;
}

/** Sizes of a set of uploads in bytes, whether or not they arrived. */
export interface UploadSizes {
  readonly bytes: number;
  /** Without sparsity. */
  readonly denseBytes: number;
}

interface Row {
  round: number;
  stage: RoundFigures['stage'];
  abandon_reason: string | null;
  up_delivered: number;
  up_lost: number;
  down_delivered: number;
  down_lost: number;
  missing: number;
  left_out: readonly string[];
  withheld: number;
  refused: number;
  airtime_ms: number;
  delay_ms: number;
  energy_j: number;
  up_bytes: number;
  down_bytes: number;
  mean_loss: number | null;
  sent_bytes: number | null;
  dense_bytes: number | null;
  personal_mean: number | null;
  personal_worst: number | null;
  general_mean: number | null;
  reward_mean: number | null;
  reward_weighted: number | null;
  reward_components: Record<string, number> | null;
  reward_clients: Record<string, number> | null;
  kl: number | null;
  squared_distance: number | null;
}

// One row a round; each side is summed up on its own before it is joined, or rows would multiply.
const ROUNDS = `
  WITH crossing AS (
    SELECT round, client, direction, outcome, bits_delivered, delay_ms, airtime_ms, energy_j
    FROM airtune.transmission WHERE experiment_id = $1
  ), cost AS (
    SELECT round,
      count(*) FILTER (WHERE direction = 'uplink' AND outcome = 'delivered')::int AS up_delivered,
      count(*) FILTER (WHERE direction = 'uplink' AND outcome = 'lost')::int AS up_lost,
      count(*) FILTER (WHERE direction = 'downlink' AND outcome = 'delivered')::int AS down_delivered,
      count(*) FILTER (WHERE direction = 'downlink' AND outcome = 'lost')::int AS down_lost,
      sum(airtime_ms) AS airtime_ms, sum(energy_j) AS energy_j,
      coalesce(round(sum(bits_delivered) FILTER (WHERE direction = 'uplink') / 8), 0)::float8 AS up_bytes,
      coalesce(round(sum(bits_delivered) FILTER (WHERE direction = 'downlink') / 8), 0)::float8 AS down_bytes
    FROM crossing GROUP BY round
  ), delay AS (
    SELECT round, max(delay_ms) AS delay_ms
    FROM (SELECT round, client, sum(delay_ms) AS delay_ms FROM crossing GROUP BY round, client) AS own GROUP BY round
  ), verdict AS (
    SELECT round, count(*) FILTER (WHERE verdict = 'withheld')::int AS withheld,
      count(*) FILTER (WHERE verdict = 'refused')::int AS refused
    FROM airtune.contribution WHERE experiment_id = $1 GROUP BY round
  ), training AS (
    SELECT round, avg(mean_loss_nats) AS mean_loss, avg(kl_nats) AS kl, avg(squared_distance) AS squared_distance, sum(bytes)::float8 AS sent_bytes, count(*)::float8 AS uploads
    FROM airtune.local_training WHERE experiment_id = $1 GROUP BY round
  ), accuracy AS (
    SELECT after_round, avg(personal_accuracy) AS personal_mean, min(personal_accuracy) AS personal_worst,
      avg(general_accuracy) AS general_mean,
      avg((reward->>'mean')::float8) AS reward_mean, avg((reward->>'weighted')::float8) AS reward_weighted,
      CASE WHEN count(reward) BETWEEN 1 AND 64
        THEN jsonb_object_agg(client, reward->'weighted') FILTER (WHERE reward IS NOT NULL) END AS reward_clients
    FROM airtune.evaluation WHERE experiment_id = $1 AND arm = 'federated' GROUP BY after_round
  ), component AS (
    SELECT after_round, jsonb_object_agg(name, mean) AS reward_components
    FROM (SELECT after_round, name, avg(value::float8) AS mean
      FROM airtune.evaluation, jsonb_each_text(reward->'components') AS each (name, value)
      WHERE experiment_id = $1 AND arm = 'federated' GROUP BY after_round, name) AS means GROUP BY after_round
  )
  SELECT r.number AS round, r.stage, r.abandon_reason,
    coalesce(up_delivered, 0) AS up_delivered, coalesce(up_lost, 0) AS up_lost,
    coalesce(down_delivered, 0) AS down_delivered, coalesce(down_lost, 0) AS down_lost,
    CASE WHEN r.timed_out THEN jsonb_array_length(r.missing_clients) ELSE 0 END AS missing,
    r.left_out_rewards AS left_out,
    coalesce(withheld, 0) AS withheld, coalesce(refused, 0) AS refused,
    coalesce(airtime_ms, 0) AS airtime_ms, coalesce(delay.delay_ms, 0) AS delay_ms, coalesce(energy_j, 0) AS energy_j,
    coalesce(up_bytes, 0) AS up_bytes, coalesce(down_bytes, 0) AS down_bytes,
    mean_loss, CASE WHEN r.channel_order IS NOT NULL THEN sent_bytes END AS sent_bytes,
    CASE WHEN r.channel_order IS NOT NULL THEN uploads * r.global_before_bytes END AS dense_bytes, personal_mean, personal_worst, general_mean, reward_mean, reward_weighted,
    coalesce(reward_components, '{}') AS reward_components, reward_clients, kl, squared_distance
  FROM airtune.round AS r
    LEFT JOIN cost ON cost.round = r.number
    LEFT JOIN delay ON delay.round = r.number
    LEFT JOIN verdict ON verdict.round = r.number
    LEFT JOIN training ON training.round = r.number
    LEFT JOIN accuracy ON accuracy.after_round = r.number
    LEFT JOIN component ON component.after_round = r.number
  WHERE r.experiment_id = $1 AND ($2::int IS NULL OR r.number = $2)
  ORDER BY r.number`;

/** The figures of every round of an experiment, or of one, in order; the last download for evaluation is a round too. */
export async function roundFigures(db: Connection, experiment: string, round?: number): Promise<RoundFigures[]> {
  const rows = await db.query<Row[]>(ROUNDS, [experiment, round ?? null]);
  return rows.map(figuresOf);
}

function figuresOf(row: Row): RoundFigures {
  return {
    round: row.round,
    stage: row.stage,
    ...(row.abandon_reason === null ? {} : { reason: row.abandon_reason }),
    delivered: { uplink: row.up_delivered, downlink: row.down_delivered },
    lost: { uplink: row.up_lost, downlink: row.down_lost },
    missing: row.missing,
    withheld: row.withheld,
    refused: row.refused,
    leftOutRewards: row.left_out,
    airtimeMs: row.airtime_ms,
    delayMs: row.delay_ms,
    energyJ: row.energy_j,
    uplinkBytes: row.up_bytes,
    downlinkBytes: row.down_bytes,
    ...(row.sent_bytes === null || row.dense_bytes === null
      ? {}
      : { uploads: { bytes: row.sent_bytes, denseBytes: row.dense_bytes } }),
    ...(row.mean_loss === null ? {} : { meanLoss: row.mean_loss }),
    ...(row.personal_mean === null || row.personal_worst === null
      ? {}
      : { personalAccuracy: { mean: row.personal_mean, worst: row.personal_worst } }),
    ...(row.general_mean === null ? {} : { generalAccuracy: row.general_mean }),
    ...(row.reward_mean === null || row.reward_weighted === null
      ? {}
      : {
          reward: {
            mean: row.reward_mean,
            weighted: row.reward_weighted,
            components: row.reward_components ?? {},
            ...(row.reward_clients === null ? {} : { clients: row.reward_clients }),
          },
        }),
    ...(row.kl === null || row.squared_distance === null
      ? {}
      : { policy: { kl: row.kl, squaredDistance: row.squared_distance } }),
  };
}
