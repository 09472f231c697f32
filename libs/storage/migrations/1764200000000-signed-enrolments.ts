import type { MigrationInterface, QueryRunner } from 'typeorm';

/** What a site signed when it enrolled a client; who refers to a blob is found without reading every contribution. */
export class SignedEnrolments1764200000000 implements MigrationInterface {
  readonly name = 'SignedEnrolments1764200000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`ALTER TABLE airtune.client ADD COLUMN signature text`);
    await runner.query(`CREATE INDEX contribution_digest ON airtune.contribution (digest)`);
  }

  /** A record is history: it is not taken back. */
  down(): Promise<void> {
    return Promise.reject(new Error('signatures cannot be taken out of the record'));
  }
}
