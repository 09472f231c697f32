import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Rounds that leave out channels: the announced order, and how much of it each client was to keep. */
export class SparseRounds1764740000000 implements MigrationInterface {
  readonly name = 'SparseRounds1764740000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`ALTER TABLE airtune.round ADD COLUMN channel_order text`);
    await runner.query(`ALTER TABLE airtune.cohort_member ADD COLUMN keep double precision`);
  }

  /** A record is history: it is not taken back. */
  down(): Promise<void> {
    return Promise.reject(new Error('channels cannot be taken out of the record'));
  }
}
