import type { MigrationInterface, QueryRunner } from 'typeorm';

const CHANGES = [
  `ALTER TABLE airtune.evaluation ADD COLUMN tuning jsonb, ADD COLUMN untuned_reason text`,
  `ALTER TABLE airtune.evaluation ADD CONSTRAINT evaluation_own
    CHECK (num_nonnulls(tuning, untuned_reason) = CASE WHEN arm = 'own' THEN 1 ELSE 0 END)`,
  // The decoder that each client ends with, by its digest, and what it earns beside the shared one.
  `CREATE VIEW airtune.own_decoders AS
    SELECT own.experiment_id AS experiment, own.client, own.after_round, own.shared_digest AS decoder,
      shared.shared_digest AS shared_decoder, (own.reward ->> 'weighted')::double precision AS reward,
      (shared.reward ->> 'weighted')::double precision AS shared_reward, own.reward -> 'components' AS rewards,
      shared.reward -> 'components' AS shared_rewards, own.untuned_reason, own.unmeasured_reason
    FROM airtune.evaluation AS own
      LEFT JOIN airtune.evaluation AS shared ON shared.experiment_id = own.experiment_id AND shared.client = own.client
        AND shared.after_round = own.after_round AND shared.arm = 'federated'
    WHERE own.arm = 'own'`,
];

/** After the last download a client may tune once more for itself; what it ends with is evaluated beside what is shared. */
export class OwnDecoders1764790000000 implements MigrationInterface {
  readonly name = 'OwnDecoders1764790000000';

  async up(runner: QueryRunner): Promise<void> {
    for (const change of CHANGES) await runner.query(change);
  }

  /** A record is history: it is not taken back. */
  down(): Promise<void> {
    return Promise.reject(new Error('what clients ended with cannot be taken out of the record'));
  }
}
