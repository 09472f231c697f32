import { createHash } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { canonicalJson, digestOfJson } from './canonical-json.ts';
import {
  chainEntry,
  entryFollows,
  entryHash,
  NO_ENTRY,
  signEntry,
  verifyEntry,
  type LedgerContent,
} from './hash-chain.ts';
import { openSigner, signJson, verifyJson } from './signatures.ts';

/** An Ed25519 seed as PKCS #8 (RFC 8410): a fixed prefix before the 32 bytes. */
function pemOf(seedHex: string): string {
  const der = Buffer.from(`302e020100300506032b657004220420${seedHex}`, 'hex');
  return `-----BEGIN PRIVATE KEY-----\n${der.toString('base64')}\n-----END PRIVATE KEY-----\n`;
}

// RFC 8032, section 7.1: TEST 1, 2 and 3.
const VECTORS = [
  {
    seed: '9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60',
    publicKey: 'd75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a',
    message: '',
    signature:
      'e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b',
  },
  {
    seed: '4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb',
    publicKey: '3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c',
    message: '72',
    signature:
      '92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00',
  },
  {
    seed: 'c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7',
    publicKey: 'fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025',
    message: 'af82',
    signature:
      '6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a',
  },
];

describe('canonical JSON', () => {
  it("writes RFC 8785's example as the RFC does", () => {
    const example = JSON.parse(
      String.raw`{"numbers":[333333333.33333329,1E30,4.50,2e-3,0.000000000000000000000000001],
        "string":"\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"\/","literals":[null,true,false]}`,
    ) as unknown;
    expect(canonicalJson(example)).toBe(
      String.raw`{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],"string":"€$\u000f\nA'B\"\\\\\"/"}`,
    );
  });

  it('sorts keys by UTF-16 code units, as section 3.2.3 shows', () => {
    const keys = { '€': 1, '\r': 2, '\ufb33': 3, '1': 4, '😂': 5, '\u0080': 6, ö: 7 };
    expect(Object.values(JSON.parse(canonicalJson(keys)) as object)).toHaveLength(7);
    expect([...canonicalJson(keys).matchAll(/:(\d)/g)].map(([, value]) => value)).toEqual(Array.from('2467153'));
  });

  it('digests the text in UTF-8', () => {
    expect(digestOfJson({ b: 'ö', a: -0 })).toBe(
      `sha256:${createHash('sha256').update('{"a":0,"b":"ö"}').digest('hex')}`,
    );
  });

  it.each([NaN, Infinity, '\ud800', undefined])('refuses %p, which JSON cannot hold', (value) => {
    expect(() => canonicalJson(value)).toThrow(expect.objectContaining({ code: 'ledger.not-json' }));
  });
});

describe('the chain', () => {
  const content = (covers: unknown): LedgerContent => ({
    experiment: 'e',
    kind: 'evaluation',
    covers,
    recordedAt: '2026-01-01T00:00:00.000Z',
  });

  it('notices a changed content, number or predecessor', () => {
    const first = chainEntry(NO_ENTRY, content({ a: 1 }));
    const second = chainEntry(first, content({ a: 2 }));
    const stored = { ...content({ a: 2 }), entry: 2, previous: first.head, hash: second.head };
    expect(entryFollows(first, stored)).toBe(true);
    expect(entryFollows(first, { ...stored, covers: { a: 3 } })).toBe(false);
    expect(entryFollows(first, { ...stored, recordedAt: '2026-01-01T00:00:00.001Z' })).toBe(false);
    expect(entryFollows(NO_ENTRY, stored)).toBe(false);
    const renumbered = { ...stored, entry: 3, hash: entryHash(3, first.head, content({ a: 2 })) };
    expect(entryFollows(first, renumbered)).toBe(false);
  });
});

describe('signatures', () => {
  it.each(VECTORS)('are those of RFC 8032 for $message', ({ seed, publicKey, message, signature }) => {
    const signer = openSigner(pemOf(seed));
    expect(Buffer.from(signer.publicKey, 'base64url').toString('hex')).toBe(publicKey);
    expect(Buffer.from(signer.sign(Buffer.from(message, 'hex')), 'base64url').toString('hex')).toBe(signature);
  });

  it('verify over the canonical text, whatever the order of keys', () => {
    const [first, other] = VECTORS.map(({ seed }) => openSigner(pemOf(seed)));
    const signature = signJson(first!, { a: 1, b: [2] });
    expect(verifyJson(first!.publicKey, { b: [2], a: 1 }, signature)).toBe(true);
    expect(verifyJson(first!.publicKey, { b: [2], a: 2 }, signature)).toBe(false);
    expect(verifyJson(other!.publicKey, { a: 1, b: [2] }, signature)).toBe(false);
    expect(verifyJson('no key', { a: 1 }, 'no signature')).toBe(false);
  });

  it('of an entry hold for its experiment, number and hash alone', () => {
    const signer = openSigner(pemOf(VECTORS[0]!.seed));
    const head = chainEntry(NO_ENTRY, { experiment: 'e', kind: 'k', covers: {}, recordedAt: '' });
    const signature = signEntry(signer, 'e', head);
    expect(verifyEntry(signer.publicKey, 'e', head, signature)).toBe(true);
    expect(verifyEntry(signer.publicKey, 'f', head, signature)).toBe(false);
    expect(verifyEntry(signer.publicKey, 'e', { ...head, entry: 2 }, signature)).toBe(false);
    expect(verifyEntry(signer.publicKey, 'e', NO_ENTRY, signature)).toBe(false);
  });

  it('refuses what is no Ed25519 key', () => {
    expect(() => openSigner('no key')).toThrow(expect.objectContaining({ code: 'ledger.not-a-key' }));
  });
});
