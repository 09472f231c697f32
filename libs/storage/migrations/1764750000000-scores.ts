import type { MigrationInterface, QueryRunner } from 'typeorm';
import { appendOnly } from './append-only.ts';

const CHANGES = [
  `CREATE TABLE airtune.score (
    experiment_id text NOT NULL,
    request text NOT NULL,
    reward text NOT NULL,
    place int NOT NULL,
    round int NOT NULL,
    iteration int NOT NULL,
    client text NOT NULL,
    model text NOT NULL,
    model_version text NOT NULL,
    model_digest text NOT NULL,
    prompt_digest text NOT NULL,
    completion_digest text NOT NULL,
    raw double precision,
    standardised double precision,
    refused text,
    recorded_at timestamptz NOT NULL,
    CONSTRAINT score_key PRIMARY KEY (experiment_id, request, reward, place),
    CONSTRAINT score_round_known FOREIGN KEY (experiment_id, round) REFERENCES airtune.round (experiment_id, number),
    CONSTRAINT score_client_known FOREIGN KEY (experiment_id, client) REFERENCES airtune.client (experiment_id, name),
    CONSTRAINT score_numbers CHECK (iteration >= 0 AND place >= 0),
    CONSTRAINT score_used CHECK (refused IS NOT NULL OR (raw IS NOT NULL AND standardised IS NOT NULL)),
    CONSTRAINT score_refused CHECK (refused IN ('missing', 'not-finite', 'out-of-range'))
  )`,
  `CREATE INDEX score_of_round ON airtune.score (experiment_id, round, client)`,
  ...appendOnly('score'),
  // What each completion earned its client: standardised scores as they count, within ±ppo.scoreLimit, by the client's weights.
  `CREATE VIEW airtune.what_completions_earned AS
    SELECT s.experiment_id AS experiment, s.round, s.iteration, s.client, s.place, s.prompt_digest AS prompt,
      s.completion_digest AS completion, jsonb_object_agg(s.reward, s.standardised) AS scores,
      jsonb_object_agg(s.reward, w.weight) AS weights, sum(w.weight * least(w.most, greatest(-w.most, s.standardised))) AS earned,
      bool_or(s.refused IS NOT NULL) AS refused
    FROM airtune.score AS s
      JOIN airtune.experiment AS e ON e.id = s.experiment_id
      CROSS JOIN LATERAL (
        SELECT coalesce((
            SELECT p.reward_weights ->> s.reward FROM airtune.client_profile AS p
            WHERE p.experiment_id = s.experiment_id AND p.client = s.client AND p.effective_from_round <= s.round
            ORDER BY p.version DESC LIMIT 1
          ), e.spec #>> ARRAY['profiles', s.client, 'rewards', s.reward],
          e.spec #>> ARRAY['rewards', s.reward, 'weight'])::double precision AS weight,
          (e.spec #>> '{ppo,scoreLimit}')::double precision AS most
      ) AS w
    GROUP BY s.experiment_id, s.round, s.iteration, s.client, s.place, s.prompt_digest, s.completion_digest`,
];

/** Each reward of each completion is a row. */
export class Scores1764750000000 implements MigrationInterface {
  readonly name = 'Scores1764750000000';

  async up(runner: QueryRunner): Promise<void> {
    for (const change of CHANGES) await runner.query(change);
  }

  /** A record is history: it is not taken back. */
  down(): Promise<void> {
    return Promise.reject(new Error('scores cannot be taken out of the record'));
  }
}
