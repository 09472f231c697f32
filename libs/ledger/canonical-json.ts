import { createHash } from 'node:crypto';
import canonicalize from 'canonicalize';
import { LedgerError } from './ledger-error.ts';

/**
 * The one JSON text of a value, by RFC 8785: keys in ascending order of UTF-16 code units, numbers as ECMAScript writes
 * them, no white space. Throws `ledger.not-json` for what JSON cannot hold: NaN, infinities, lone surrogates, undefined.
 */
export function canonicalJson(value: unknown): string {
  let text;
  try {
    text = canonicalize(value);
  } catch (error) {
    throw new LedgerError('ledger.not-json', error instanceof Error ? error.message : String(error));
  }
  if (text === undefined) throw new LedgerError('ledger.not-json', 'There is no JSON text for undefined.');
  return text;
}

/** SHA-256 of the canonical JSON text in UTF-8, written `sha256:<hex>`. */
export function digestOfJson(value: unknown): `sha256:${string}` {
  return `sha256:${createHash('sha256').update(canonicalJson(value)).digest('hex')}`;
}
