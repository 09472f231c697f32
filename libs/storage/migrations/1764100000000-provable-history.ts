import type { MigrationInterface, QueryRunner } from 'typeorm';
import { appendOnly, REFUSE_CHANGE } from './append-only.ts';

const CHANGES = [
  `ALTER TABLE airtune.experiment
    ADD COLUMN revision bigint NOT NULL DEFAULT 0,
    DROP CONSTRAINT experiment_state,
    ADD CONSTRAINT experiment_state CHECK (state IN ('enrolling', 'running', 'finished', 'failed', 'cancelled'))`,
  `ALTER TABLE airtune.client ADD COLUMN public_key text`,
  `ALTER TABLE airtune.round ADD COLUMN answered_at timestamptz, ADD COLUMN times_out_at timestamptz`,
  `CREATE INDEX round_open ON airtune.round (times_out_at) WHERE stage = 'open'`,
  `ALTER TABLE airtune.contribution
    ADD COLUMN answers text,
    ADD COLUMN head text,
    ADD COLUMN signature text`,
  `CREATE TABLE airtune.coordinator (
    public_key text NOT NULL,
    first_seen_at timestamptz NOT NULL,
    CONSTRAINT coordinator_key PRIMARY KEY (public_key)
  )`,
  `CREATE TABLE airtune.blob_marker (
    only_one boolean NOT NULL DEFAULT true,
    digest text NOT NULL,
    CONSTRAINT blob_marker_key PRIMARY KEY (only_one),
    CONSTRAINT blob_marker_one CHECK (only_one)
  )`,
  `CREATE TABLE airtune.roll_call (
    experiment_id text NOT NULL,
    client text NOT NULL,
    CONSTRAINT roll_call_key PRIMARY KEY (experiment_id, client),
    CONSTRAINT roll_call_client_known FOREIGN KEY (experiment_id, client) REFERENCES airtune.client (experiment_id, name)
  )`,
  `CREATE TABLE airtune.ledger (
    experiment_id text NOT NULL,
    entry bigint NOT NULL,
    kind text NOT NULL,
    covers jsonb NOT NULL,
    previous text NOT NULL,
    hash text NOT NULL,
    signature text NOT NULL,
    signed_by text NOT NULL,
    recorded_at timestamptz NOT NULL,
    CONSTRAINT ledger_key PRIMARY KEY (experiment_id, entry),
    CONSTRAINT ledger_experiment_known FOREIGN KEY (experiment_id) REFERENCES airtune.experiment (id),
    CONSTRAINT ledger_signed_by_known FOREIGN KEY (signed_by) REFERENCES airtune.coordinator (public_key),
    CONSTRAINT ledger_entry CHECK (entry >= 1)
  )`,
  `CREATE TABLE airtune.outbox (
    id bigint GENERATED ALWAYS AS IDENTITY NOT NULL,
    experiment_id text NOT NULL,
    contract text NOT NULL,
    data json NOT NULL,
    blob text,
    stated_at timestamptz NOT NULL,
    CONSTRAINT outbox_key PRIMARY KEY (id),
    CONSTRAINT outbox_experiment_known FOREIGN KEY (experiment_id) REFERENCES airtune.experiment (id)
  )`,
  `CREATE INDEX outbox_of_experiment ON airtune.outbox (experiment_id, id)`,
  `CREATE TABLE airtune.dead_letter (
    id bigint GENERATED ALWAYS AS IDENTITY NOT NULL,
    service text NOT NULL,
    topic text NOT NULL,
    message_key text,
    headers jsonb NOT NULL,
    body bytea NOT NULL,
    experiment_id text,
    contract text,
    reason_code text NOT NULL,
    reason_message text NOT NULL,
    recorded_at timestamptz NOT NULL,
    retried_at timestamptz,
    CONSTRAINT dead_letter_key PRIMARY KEY (id)
  )`,
  `CREATE FUNCTION airtune.tell_of_entries() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      PERFORM pg_notify('airtune_ledger', experiment_id) FROM (SELECT DISTINCT experiment_id FROM added) AS told;
      RETURN NULL;
    END $$`,
  `CREATE TRIGGER ledger_told AFTER INSERT ON airtune.ledger
    REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION airtune.tell_of_entries()`,
];

const HISTORY = [
  'client',
  'client_profile',
  'cohort_member',
  'transmission',
  'local_training',
  'contribution',
  'stray_upload',
  'evaluation',
  'coordinator',
  'ledger',
] as const;

/** Chain and signatures over history, which nobody changes any more; the outbox; what a restart needs to know. */
export class ProvableHistory1764100000000 implements MigrationInterface {
  readonly name = 'ProvableHistory1764100000000';

  async up(runner: QueryRunner): Promise<void> {
    for (const change of [...CHANGES, REFUSE_CHANGE, ...HISTORY.flatMap(appendOnly)]) await runner.query(change);
  }

  /** A record is history: it is not taken back. */
  down(): Promise<void> {
    return Promise.reject(new Error('a chain of hashes cannot be taken out of the record'));
  }
}
