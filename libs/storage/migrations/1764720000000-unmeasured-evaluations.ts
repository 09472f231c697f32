import type { MigrationInterface, QueryRunner } from 'typeorm';

/** An evaluation that could not be measured says why: a reward model was away. */
export class UnmeasuredEvaluations1764720000000 implements MigrationInterface {
  readonly name = 'UnmeasuredEvaluations1764720000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`ALTER TABLE airtune.evaluation ADD COLUMN unmeasured_reason text`);
    await runner.query(`ALTER TABLE airtune.evaluation DROP CONSTRAINT evaluation_measured`);
    await runner.query(
      `ALTER TABLE airtune.evaluation ADD CONSTRAINT evaluation_measured
        CHECK ((personal_accuracy IS NOT NULL OR reward IS NOT NULL) = (unmeasured_reason IS NULL))`,
    );
  }

  /** A record is history: it is not taken back. */
  down(): Promise<void> {
    return Promise.reject(new Error('what could not be measured cannot be taken out of the record'));
  }
}
