import type { MigrationInterface, QueryRunner } from 'typeorm';

const CHANGES = [
  `ALTER TABLE airtune.experiment ADD COLUMN enrolment_due_at timestamptz`,
  `ALTER TABLE airtune.client ADD COLUMN notes jsonb`,
];

/** Clients are not waited for without end, and what a site has to say of its data is kept. */
export class EnrolmentsInTime1764755000000 implements MigrationInterface {
  readonly name = 'EnrolmentsInTime1764755000000';

  async up(runner: QueryRunner): Promise<void> {
    for (const change of CHANGES) await runner.query(change);
  }

  /** A record is history: it is not taken back. */
  down(): Promise<void> {
    return Promise.reject(new Error('what sites have said of their data cannot be taken out of the record'));
  }
}
