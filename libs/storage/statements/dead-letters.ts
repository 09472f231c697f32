import { DeadLetter } from '../entities/dead-letter.ts';
import type { Connection } from '../record.ts';

export type NewDeadLetter = Omit<DeadLetter, 'id' | 'retriedAt'>;

/** Keeps a message that could not be handled, and why. */
export async function insertDeadLetter(db: Connection, letter: NewDeadLetter): Promise<void> {
  // PostgreSQL's text holds no NUL; the body is kept as it came.
  const text = (value: string | null): string | null => value?.replaceAll('\0', '\u{fffd}') ?? null;
  await db.query(
    `INSERT INTO airtune.dead_letter
      (service, topic, message_key, headers, body, experiment_id, contract, reason_code, reason_message, recorded_at)
      VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`,
    [
      letter.service,
      letter.topic,
      text(letter.messageKey),
      text(JSON.stringify(letter.headers).replaceAll(String.raw`\u0000`, String.raw`\ufffd`)),
      letter.body,
      text(letter.experimentId),
      text(letter.contract),
      text(letter.reasonCode),
      text(letter.reasonMessage),
      letter.recordedAt,
    ],
  );
}

/** Dead letters, latest first: those that nobody has tried again yet, or all. */
export function listDeadLetters(db: Connection, which: 'untried' | 'all', limit: number): Promise<DeadLetter[]> {
  const letters = db.createQueryBuilder(DeadLetter, 'l').orderBy('l.id', 'DESC').limit(limit);
  return (which === 'all' ? letters : letters.where('l.retriedAt IS NULL')).getMany();
}

/** Claims one to be sent again: the letter, undefined when there is none of that number or it was claimed before. */
export async function claimDeadLetter(db: Connection, id: number, at: Date): Promise<DeadLetter | undefined> {
  const { affected } = await db
    .createQueryBuilder()
    .update(DeadLetter)
    .set({ retriedAt: at })
    .where('id = :id AND retried_at IS NULL', { id })
    .execute();
  return affected === 1 ? ((await db.findOneBy(DeadLetter, { id })) ?? undefined) : undefined;
}
