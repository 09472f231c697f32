import { digestOfJson } from './canonical-json.ts';
import { signJson, verifyJson, type Signer } from './signatures.ts';

/** The last entry of an experiment's chain: its number and its hash. */
export interface LedgerHead {
  readonly entry: number;
  readonly head: `sha256:${string}`;
}

/** Where every chain begins: before its entry 1. */
export const NO_ENTRY: LedgerHead = { entry: 0, head: `sha256:${'0'.repeat(64)}` };

/** What an entry states: which experiment, what kind of fact, its content, and when it was recorded (ISO 8601, UTC). */
export interface LedgerContent {
  readonly experiment: string;
  readonly kind: string;
  readonly covers: unknown;
  readonly recordedAt: string;
}

/** Hash of an entry: over its number, its content and the hash of the entry before it. */
export function entryHash(entry: number, previous: string, content: LedgerContent): LedgerHead['head'] {
  const { experiment, kind, covers, recordedAt } = content;
  return digestOfJson({ experiment, entry, kind, covers, previous, recordedAt });
}

/** The head of the chain once `content` is its next entry. */
export function chainEntry(before: LedgerHead, content: LedgerContent): LedgerHead {
  const entry = before.entry + 1;
  return { entry, head: entryHash(entry, before.head, content) };
}

/** Whether a stored entry is the one after `before`, with its content untouched. */
export function entryFollows(
  before: LedgerHead,
  stored: LedgerContent & { readonly entry: number; readonly previous: string; readonly hash: string },
): boolean {
  if (stored.entry !== before.entry + 1 || stored.previous !== before.head) return false;
  return stored.hash === entryHash(stored.entry, stored.previous, stored);
}

/** Signs an entry, which through its hash is everything up to and including it. */
export function signEntry(signer: Signer, experiment: string, { entry, head }: LedgerHead): string {
  return signJson(signer, { experiment, entry, hash: head });
}

/** Whether the holder of this public key signed the entry. */
export function verifyEntry(
  publicKey: string,
  experiment: string,
  { entry, head }: LedgerHead,
  signature: string,
): boolean {
  return verifyJson(publicKey, { experiment, entry, hash: head }, signature);
}
