import { IsNull } from 'typeorm';
import { DeadLetter } from '../entities/dead-letter.ts';
import type { Connection } from '../connection.ts';

/** A dead letter without the message itself. */
export type DeadLetterLine = Omit<DeadLetter, 'body' | 'headers'>;

export type NewDeadLetter = Omit<DeadLetter, 'id' | 'retriedAt'>;

/** Keeps a message that could not be handled, and why; answers false when it is kept already. */
export async function insertDeadLetter(db: Connection, letter: NewDeadLetter): Promise<boolean> {
  // PostgreSQL's text holds no NUL; the body is kept as it came.
  const text = (value: string | null): string | null => value?.replaceAll('\0', '\u{fffd}') ?? null;
  const inserted = await db.query<unknown[]>(
    `INSERT INTO airtune.dead_letter
      (service, topic, partition, message_offset, message_key, headers, body, experiment_id, contract, reason_code, reason_message, recorded_at)
      VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) ON CONFLICT DO NOTHING RETURNING id`,
    [
      letter.service,
      letter.topic,
      letter.partition,
      letter.messageOffset,
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
  return inserted.length > 0;
}

/** Dead letters, latest first: those that nobody has tried again yet, or all. */
export function listDeadLetters(db: Connection, which: 'untried' | 'all', limit: number): Promise<DeadLetterLine[]> {
  const columns = db.dataSource.getMetadata(DeadLetter).columns.map(({ propertyName }) => propertyName);
  return db.find(DeadLetter, {
    select: Object.fromEntries(columns.map((name) => [name, name !== 'body' && name !== 'headers'])),
    where: which === 'all' ? {} : { retriedAt: IsNull() },
    order: { id: 'DESC' },
    take: limit,
  });
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

/** Takes back a claim: it could not be sent. */
export async function releaseDeadLetter(db: Connection, id: number): Promise<void> {
  await db.update(DeadLetter, { id }, { retriedAt: null });
}
