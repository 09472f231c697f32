import { FirstRecord1764000000000 } from './1764000000000-first-record.ts';

/** Every migration, oldest first; a released one is never changed. */
export const migrations = [FirstRecord1764000000000] as const;
