import type { MigrationInterface, QueryRunner } from 'typeorm';
import { appendOnly } from './append-only.ts';

const CHANGES = [
  `CREATE TABLE airtune.reward_model (
    name text NOT NULL,
    version text NOT NULL,
    digest text NOT NULL,
    range_lowest double precision NOT NULL,
    range_highest double precision NOT NULL,
    standardisation_mean double precision NOT NULL,
    standardisation_deviation double precision NOT NULL,
    path text,
    first_seen_at timestamptz NOT NULL,
    last_seen_at timestamptz NOT NULL,
    retired_at timestamptz,
    CONSTRAINT reward_model_key PRIMARY KEY (name)
  )`,
  `CREATE TABLE airtune.reward_presence (
    experiment_id text NOT NULL,
    round int NOT NULL,
    model text NOT NULL,
    digest text NOT NULL,
    version text NOT NULL,
    refused text,
    recorded_at timestamptz NOT NULL,
    CONSTRAINT reward_presence_key PRIMARY KEY (experiment_id, round, model, digest),
    CONSTRAINT reward_presence_round_known FOREIGN KEY (experiment_id, round) REFERENCES airtune.round (experiment_id, number),
    CONSTRAINT reward_presence_refused CHECK (refused IN ('version-changed'))
  )`,
  ...appendOnly('reward_presence'),
  // When reward models were last asked whether they are there, and how often that was waited for in vain.
  `ALTER TABLE airtune.round ADD COLUMN rewards_asked_at timestamptz, ADD COLUMN reward_waits int NOT NULL DEFAULT 0,
    ADD COLUMN left_out_rewards jsonb NOT NULL DEFAULT '[]'`,
];

/** Reward models are known by name, and asked whether they are there before a round opens. */
export class RewardModels1764770000000 implements MigrationInterface {
  readonly name = 'RewardModels1764770000000';

  async up(runner: QueryRunner): Promise<void> {
    for (const change of CHANGES) await runner.query(change);
  }

  /** A record is history: it is not taken back. */
  down(): Promise<void> {
    return Promise.reject(new Error('what reward models said cannot be taken out of the record'));
  }
}
