import { openRecord, type ExperimentRecord } from '#storage';
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
