import type { MigrationInterface, QueryRunner } from 'typeorm';
import { appendOnly } from './append-only.ts';

const CHANGES = [
  `CREATE TABLE airtune.site (
    name text NOT NULL,
    public_key text NOT NULL,
    trusted text NOT NULL,
    added_at timestamptz NOT NULL,
    CONSTRAINT site_key PRIMARY KEY (name),
    CONSTRAINT site_trusted CHECK (trusted IN ('by-operator', 'on-first-use'))
  )`,
  ...appendOnly('site'),
];

/** What an auditor asks, each a view of its own; see docs/audit.md. */
const VIEWS = [
  `CREATE VIEW airtune.who_took_part AS
    SELECT m.experiment_id AS experiment, m.round, m.client, m.site,
      CASE
        WHEN accepted.verdict IS NOT NULL THEN 'contributed'
        WHEN down.outcome = 'lost' THEN 'download lost'
        WHEN up.outcome = 'lost' THEN 'upload lost'
        WHEN withheld.verdict IS NOT NULL THEN 'withheld'
        WHEN refused.verdict IS NOT NULL THEN 'refused'
        WHEN r.purpose = 'evaluation' AND NOT r.missing_clients ? m.client THEN 'evaluated'
        WHEN r.closed_at IS NOT NULL THEN 'missing'
        ELSE 'not yet'
      END AS what,
      accepted.examples,
      CASE WHEN r.stage = 'committed'
        THEN accepted.weight / sum(accepted.weight) OVER (PARTITION BY m.experiment_id, m.round)
      END AS share
    FROM airtune.cohort_member AS m
      JOIN airtune.round AS r ON r.experiment_id = m.experiment_id AND r.number = m.round
      LEFT JOIN airtune.transmission AS down ON down.experiment_id = m.experiment_id AND down.round = m.round
        AND down.client = m.client AND down.direction = 'downlink'
      LEFT JOIN airtune.transmission AS up ON up.experiment_id = m.experiment_id AND up.round = m.round
        AND up.client = m.client AND up.direction = 'uplink'
      LEFT JOIN airtune.contribution AS accepted ON accepted.experiment_id = m.experiment_id AND accepted.round = m.round
        AND accepted.client = m.client AND accepted.verdict = 'accepted'
      LEFT JOIN airtune.contribution AS withheld ON withheld.experiment_id = m.experiment_id AND withheld.round = m.round
        AND withheld.client = m.client AND withheld.verdict = 'withheld'
      LEFT JOIN LATERAL (
        SELECT c.verdict FROM airtune.contribution AS c
        WHERE c.experiment_id = m.experiment_id AND c.round = m.round AND c.client = m.client AND c.verdict = 'refused'
        LIMIT 1
      ) AS refused ON true`,
  `CREATE VIEW airtune.what_was_sent AS
    SELECT t.experiment_id AS experiment, t.round, t.client, t.direction, (t.bits / 8)::bigint AS bytes,
      (t.bits_delivered / 8)::bigint AS bytes_arrived, t.outcome = 'delivered' AS arrived,
      CASE WHEN t.direction = 'downlink' THEN r.global_before_digest ELSE l.digest END AS blob,
      t.mean_snr_db, t.blocks, t.attempts, t.delay_ms, t.airtime_ms, t.energy_j
    FROM airtune.transmission AS t
      JOIN airtune.round AS r ON r.experiment_id = t.experiment_id AND r.number = t.round
      LEFT JOIN airtune.local_training AS l
        ON l.experiment_id = t.experiment_id AND l.round = t.round AND l.client = t.client`,
  `CREATE VIEW airtune.what_was_lost AS
    SELECT experiment_id AS experiment, round, client, direction, reason AS why, (bits / 8)::bigint AS bytes,
      (bits_delivered / 8)::bigint AS bytes_arrived, delay_ms, airtime_ms, energy_j
    FROM airtune.transmission WHERE outcome = 'lost'`,
  `CREATE VIEW airtune.what_was_refused AS
    SELECT experiment_id AS experiment, round, client, 'upload ' || verdict AS what, reason_code AS why,
      reason_message AS message, recorded_at
    FROM airtune.contribution WHERE verdict <> 'accepted'
    UNION ALL
    SELECT experiment_id, round, client, 'upload that belongs to no round', reason_code, reason_message, recorded_at
    FROM airtune.stray_upload
    UNION ALL
    SELECT experiment_id, NULL, coalesce(covers ->> 'client', covers ->> 'site'), 'enrolment refused', covers ->> 'code',
      covers ->> 'message', recorded_at
    FROM airtune.ledger WHERE kind = 'enrolment.refused'`,
  `CREATE VIEW airtune.airtime_and_energy AS
    SELECT experiment, round, sum(airtime_ms) AS airtime_ms, max(delay_ms) AS delay_ms, sum(energy_j) AS energy_j,
      sum(bytes_up)::bigint AS bytes_up, sum(bytes_down)::bigint AS bytes_down
    FROM (
      SELECT experiment_id AS experiment, round, client, sum(airtime_ms) AS airtime_ms, sum(delay_ms) AS delay_ms,
        sum(energy_j) AS energy_j, sum(bits_delivered) FILTER (WHERE direction = 'uplink') / 8 AS bytes_up,
        sum(bits_delivered) FILTER (WHERE direction = 'downlink') / 8 AS bytes_down
      FROM airtune.transmission GROUP BY experiment_id, round, client
    ) AS of_client
    GROUP BY experiment, round`,
  `CREATE VIEW airtune.accuracy AS
    SELECT experiment_id AS experiment, after_round, arm, count(*)::int AS clients, avg(personal_accuracy) AS personal,
      min(personal_accuracy) AS personal_worst, avg(general_accuracy) AS general,
      avg(personal_accuracy) - lag(avg(personal_accuracy)) OVER moved AS personal_moved,
      avg(general_accuracy) - lag(avg(general_accuracy)) OVER moved AS general_moved
    FROM airtune.evaluation
    GROUP BY experiment_id, after_round, arm
    WINDOW moved AS (PARTITION BY experiment_id, arm ORDER BY after_round)`,
  `CREATE VIEW airtune.profile_in_force AS
    SELECT r.experiment_id AS experiment, r.number AS round, p.client, p.version, p.lora_rank, p.lora_alpha, p.lora_blocks,
      p.device_class
    FROM airtune.round AS r
      JOIN LATERAL (
        SELECT DISTINCT ON (client) * FROM airtune.client_profile AS c
        WHERE c.experiment_id = r.experiment_id AND c.effective_from_round <= r.number
        ORDER BY client, effective_from_round DESC, version DESC
      ) AS p ON true`,
];

/** The sites that are let in, and views for who audits with SQL alone. */
export class SitesAndViews1764400000000 implements MigrationInterface {
  readonly name = 'SitesAndViews1764400000000';

  async up(runner: QueryRunner): Promise<void> {
    for (const change of [...CHANGES, ...VIEWS]) await runner.query(change);
  }

  /** A record is history: it is not taken back. */
  down(): Promise<void> {
    return Promise.reject(new Error('sites that were let in cannot be taken out of the record'));
  }
}
