import { createPrivateKey, createPublicKey, sign, verify, type KeyObject } from 'node:crypto';
import { canonicalJson } from './canonical-json.ts';
import { LedgerError } from './ledger-error.ts';

/** An Ed25519 key pair that signs; the private part stays inside. */
export interface Signer {
  /** The raw 32 bytes of the public key, base64url without padding. */
  readonly publicKey: string;
  /** The raw 64 bytes of the signature of these bytes (RFC 8032), base64url without padding. */
  sign(bytes: Uint8Array): string;
}

/** Reads an Ed25519 private key in PKCS #8 PEM; throws `ledger.not-a-key`. */
export function openSigner(pem: string): Signer {
  let key: KeyObject;
  try {
    key = createPrivateKey(pem);
  } catch (error) {
    throw new LedgerError('ledger.not-a-key', `not a private key in PEM: ${String(error)}`);
  }
  if (key.asymmetricKeyType !== 'ed25519')
    throw new LedgerError('ledger.not-a-key', `an Ed25519 key is needed, this is ${String(key.asymmetricKeyType)}`);
  const { x: publicKey = '' } = createPublicKey(key).export({ format: 'jwk' });
  return { publicKey, sign: (bytes) => sign(null, bytes, key).toString('base64url') };
}

/** Signs the canonical JSON of a value. */
export function signJson(signer: Signer, value: unknown): string {
  return signer.sign(Buffer.from(canonicalJson(value)));
}

/** Whether this public key (base64url, 32 bytes) signed the canonical JSON of the value; false for a malformed key too. */
export function verifyJson(publicKey: string, value: unknown, signature: string): boolean {
  try {
    const key = createPublicKey({ format: 'jwk', key: { kty: 'OKP', crv: 'Ed25519', x: publicKey } });
    return verify(null, Buffer.from(canonicalJson(value)), key, Buffer.from(signature, 'base64url'));
  } catch {
    return false;
  }
}
