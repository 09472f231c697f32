import { clientEnrolled, enrolmentRefused, experimentSubmitted } from '#contracts';
import { Clock, type DeadLetter, isRetryable } from '#events';
import {
  claimDeadLetter,
  countEntriesOf,
  ExperimentRecord,
  insertDeadLetter,
  listDeadLetters,
  releaseDeadLetter,
  type DeadLetterLine,
} from '#storage';
import { Injectable } from '@nestjs/common';
import { CoordinatorError } from './coordinator-error.ts';
import type { Turn } from './turn.ts';
import { Turns } from './turns.ts';

const MOST = 1000;

/** Facts without which an experiment waits for its clients, and nobody would know why. */
const OF_ENROLMENT: readonly string[] = [clientEnrolled, enrolmentRefused, experimentSubmitted].map(({ name }) => name);
/** Anybody may send what cannot be read: of more the ledger does not tell. */
const MOST_TOLD = 20;

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
  readonly #turns: Turns;

  constructor(record: ExperimentRecord, clock: Clock, post: DeadLetterPost, turns: Turns) {
    this.#turns = turns;
    this.#record = record;
    this.#clock = clock;
    this.#post = post;
  }

  /** Keeps a letter; the same one again changes nothing. Those who wait for clients hear of one that is about them. */
  async keep({ service, topic, partition, offset, key, headers, value, code, reason }: DeadLetter): Promise<void> {
    const place = { service, topic, partition, messageOffset: offset, messageKey: key };
    const about = { experimentId: headers['ce_experiment'] ?? null, contract: headers['ce_type'] ?? null };
    const why = { reasonCode: code, reasonMessage: reason, recordedAt: this.#clock.now() };
    const letter = { ...place, headers, body: value, ...about, ...why };
    const { experimentId, contract } = about;
    if (experimentId !== null && contract !== null && OF_ENROLMENT.includes(contract)) {
      const kept = await this.#turns.take(experimentId, (turn) => keepAndTell(turn, letter)).catch(unlessItPasses);
      if (kept) return;
    }
    await this.#record.use((db) => insertDeadLetter(db, letter));
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

type NewLetter = Parameters<typeof insertDeadLetter>[1];

async function keepAndTell(turn: Turn, letter: NewLetter): Promise<true> {
  const isNew = await insertDeadLetter(turn.db, letter);
  if (!isNew || turn.progress.state !== 'enrolling') return true;
  const kind = 'enrolment.unread';
  if ((await countEntriesOf(turn.db, turn.submission.id, kind)) >= MOST_TOLD) return true;
  const { service, contract, reasonCode: code, reasonMessage } = letter;
  await turn.note(kind, { service, contract, code, message: reasonMessage.replaceAll('\0', '').slice(0, 2000) });
  return true;
}

/** A letter may be about an experiment that there is not, under a name that nobody can have: it is kept all the same. */
function unlessItPasses(error: unknown): false {
  if (isRetryable(error)) throw error;
  return false;
}
