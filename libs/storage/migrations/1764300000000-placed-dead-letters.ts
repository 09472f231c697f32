import type { MigrationInterface, QueryRunner } from 'typeorm';

/** A dead letter has the place at which it lay, by which it is known when it comes a second time. */
export class PlacedDeadLetters1764300000000 implements MigrationInterface {
  readonly name = 'PlacedDeadLetters1764300000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`ALTER TABLE airtune.dead_letter
      ADD COLUMN partition integer NOT NULL,
      ADD COLUMN message_offset bigint NOT NULL,
      ADD CONSTRAINT dead_letter_once UNIQUE (service, topic, partition, message_offset)`);
  }

  /** A record is history: it is not taken back. */
  down(): Promise<void> {
    return Promise.reject(new Error('dead letters cannot lose their places'));
  }
}
