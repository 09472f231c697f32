import type { MigrationInterface, QueryRunner } from 'typeorm';

const OF_CLASSIFIERS = ['correct', 'examples', 'accuracy', 'loss_nats'].flatMap((figure) => [
  `personal_${figure}`,
  `general_${figure}`,
]);

/** An evaluation is of a classifier, or of a model that learns from rewards. */
export class RewardsOfEvaluations1764500000000 implements MigrationInterface {
  readonly name = 'RewardsOfEvaluations1764500000000';

  async up(runner: QueryRunner): Promise<void> {
    for (const column of OF_CLASSIFIERS)
      await runner.query(`ALTER TABLE airtune.evaluation ALTER COLUMN ${column} DROP NOT NULL`);
    await runner.query(`ALTER TABLE airtune.evaluation ADD COLUMN reward jsonb`);
    await runner.query(
      `ALTER TABLE airtune.evaluation ADD CONSTRAINT evaluation_measured
        CHECK (personal_accuracy IS NOT NULL OR reward IS NOT NULL)`,
    );
  }

  /** A record is history: it is not taken back. */
  down(): Promise<void> {
    return Promise.reject(new Error('rewards cannot be taken out of the record'));
  }
}
