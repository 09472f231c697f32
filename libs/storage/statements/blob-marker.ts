import type { Connection } from '../connection.ts';

/** Keeps the digest of the blob that marks the coordinators' store, unless there is one; answers the one in force. */
export async function markBlobStore(db: Connection, digest: string): Promise<string> {
  await db.query('INSERT INTO airtune.blob_marker (digest) VALUES ($1) ON CONFLICT DO NOTHING', [digest]);
  const [marker] = await db.query<{ digest: string }[]>('SELECT digest FROM airtune.blob_marker');
  return marker?.digest ?? digest;
}
