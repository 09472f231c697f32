import { createHash } from 'node:crypto';

/** A number in [0, 1) that depends on the text and the purpose alone: the first 48 bits of a SHA-256. */
export function hashFraction(purpose: string, text: string): number {
  return createHash('sha256').update(purpose).update('\0').update(text).digest().readUIntBE(0, 6) / 2 ** 48;
}
