import { openRecord, type ExperimentRecord } from '#storage';
import type { Json } from '../../coordinator/rest/as-json.ts';
import type { Settings } from '../settings.ts';

/** Does something with this machine's record, and closes it whatever comes of it. */
export async function inRecord<T>(settings: Settings, work: (record: ExperimentRecord) => Promise<T>): Promise<T> {
  const record = await openRecord({ ...settings, access: 'shared' });
  try {
    return await work(record);
  } finally {
    await record.close();
  }
}

/** Rows as the REST border gives them: both ways of reading have one shape. */
export function asWritten<T>(rows: T): Json<T> {
  return JSON.parse(JSON.stringify(rows)) as Json<T>;
}
