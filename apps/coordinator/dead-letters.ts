import { Clock, type DeadLetter } from '#events';
import {
  claimDeadLetter,
  ExperimentRecord,
  insertDeadLetter,
  listDeadLetters,
  releaseDeadLetter,
  type DeadLetterLine,
} from '#storage';
import { Injectable } from '@nestjs/common';
import { CoordinatorError } from './coordinator-error.ts';

const MOST = 1000;

/** Sends a message to where it came from, once more. */
export abstract class DeadLetterPost {
  abstract resend(letter: DeadLetter): Promise<void>;
}

/** What could not be handled, by any service: kept with its reason, listed, and sent again on demand. */
@Injectable()
export class DeadLetters {
  readonly #record: ExperimentRecord;
  readonly #clock: Clock;
  readonly #post: DeadLetterPost;

  constructor(record: ExperimentRecord, clock: Clock, post: DeadLetterPost) {
    this.#record = record;
    this.#clock = clock;
    this.#post = post;
  }

  /** Keeps a letter; the same one again changes nothing. */
  async keep({ service, topic, partition, offset, key, headers, value, code, reason }: DeadLetter): Promise<void> {
    const place = { service, topic, partition, messageOffset: offset, messageKey: key };
    const about = { experimentId: headers['ce_experiment'] ?? null, contract: headers['ce_type'] ?? null };
    const why = { reasonCode: code, reasonMessage: reason, recordedAt: this.#clock.now() };
    await this.#record.use((db) => insertDeadLetter(db, { ...place, headers, body: value, ...about, ...why }));
  }

  /** Latest first, without the messages themselves: those that nobody has sent again, or all; at most 1,000. */
  list(which: 'untried' | 'all'): Promise<DeadLetterLine[]> {
    return this.#record.use((db) => listDeadLetters(db, which, MOST));
  }

  /** Sends one again, to the topic that it came from. Throws `dead-letter.unknown` for one that is not, or was sent. */
  async retry(id: number): Promise<void> {
    const letter = await this.#record.use((db) => claimDeadLetter(db, id, this.#clock.now()));
    if (letter === undefined)
      throw new CoordinatorError('dead-letter.unknown', `There is no dead letter ${id} that was not sent again yet.`);
    const { service, topic, partition, messageOffset: offset, messageKey, headers, body: value } = letter;
    const why = { code: letter.reasonCode, reason: letter.reasonMessage };
    try {
      await this.#post.resend({ service, topic, partition, offset, key: messageKey ?? '', headers, value, ...why });
    } catch (error) {
      await this.#record.use((db) => releaseDeadLetter(db, id));
      throw error;
    }
  }
}
