import type { MigrationInterface, QueryRunner } from 'typeorm';

const CHANGES = [
  // A profile may be changed twice before the round from which both would hold.
  `ALTER TABLE airtune.client_profile DROP CONSTRAINT client_profile_effective`,
  `ALTER TABLE airtune.client_profile ADD COLUMN reward_weights jsonb`,
  `CREATE OR REPLACE VIEW airtune.profile_in_force AS
    SELECT r.experiment_id AS experiment, r.number AS round, p.client, p.version, p.lora_rank, p.lora_alpha, p.lora_blocks,
      p.device_class, p.reward_weights
    FROM airtune.round AS r
      JOIN LATERAL (
        SELECT DISTINCT ON (client) * FROM airtune.client_profile AS c
        WHERE c.experiment_id = r.experiment_id AND c.effective_from_round <= r.number
        ORDER BY client, version DESC
      ) AS p ON true`,
];

/** Profiles are changed while an experiment runs, and say how much each reward counts. */
export class ChangingProfiles1764730000000 implements MigrationInterface {
  readonly name = 'ChangingProfiles1764730000000';

  async up(runner: QueryRunner): Promise<void> {
    for (const change of CHANGES) await runner.query(change);
  }

  /** A record is history: it is not taken back. */
  down(): Promise<void> {
    return Promise.reject(new Error('changes of profiles cannot be taken out of the record'));
  }
}
