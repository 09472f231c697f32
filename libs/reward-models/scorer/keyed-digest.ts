import { createHmac } from 'node:crypto';
import type { Digest } from '#parameters';

/**
 * HMAC-SHA-256 of a text under a site's secret for the experiment: the record can be proved by who has text and key, and
 * guessed by nobody, short as answers are. `part` keeps a prompt from being told as a completion.
 */
export function keyedDigest(key: Uint8Array, part: 'prompt' | 'completion', text: string): Digest {
  return `sha256:${createHmac('sha256', key).update(`${part}\0`).update(text).digest('hex')}`;
}

/** The secret of one experiment, from a site's own: the same text has different digests in two experiments. */
export function completionKey(secret: Uint8Array, experiment: string): Uint8Array {
  return createHmac('sha256', secret).update(`completions\0${experiment}`).digest();
}
