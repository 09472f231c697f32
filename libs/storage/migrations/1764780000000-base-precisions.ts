import type { MigrationInterface, QueryRunner } from 'typeorm';

/** A client enrols with what its base is computed in; those that are there did so without saying it, in fp32. */
export class BasePrecisions1764780000000 implements MigrationInterface {
  readonly name = 'BasePrecisions1764780000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`ALTER TABLE airtune.client ADD COLUMN base_precision text`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`ALTER TABLE airtune.client DROP COLUMN base_precision`);
  }
}
