import type { MigrationInterface, QueryRunner } from 'typeorm';

/** What training from rewards came to: KL and distance in columns of their own, the rest beside them. */
export class Rollouts1764760000000 implements MigrationInterface {
  readonly name = 'Rollouts1764760000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(
      `ALTER TABLE airtune.local_training ADD COLUMN kl_nats double precision,
        ADD COLUMN squared_distance double precision, ADD COLUMN rollouts jsonb`,
    );
  }

  /** A record is history: it is not taken back. */
  down(): Promise<void> {
    return Promise.reject(new Error('rollouts cannot be taken out of the record'));
  }
}
