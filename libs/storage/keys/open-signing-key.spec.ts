import { chmodSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { openSigningKey } from './open-signing-key.ts';

describe('a signing key on disk', () => {
  let folder: string;
  beforeEach(() => {
    folder = join(mkdtempSync(join(tmpdir(), 'airtune-key-')), 'keys');
  });
  afterEach(() => {
    rmSync(folder, { recursive: true });
  });

  it('is made once, also by several at the same time, for its owner alone', async () => {
    const keys = await Promise.all([openSigningKey(folder), openSigningKey(folder), openSigningKey(folder)]);
    const again = await openSigningKey(folder);
    expect(new Set([...keys, again].map(({ publicKey }) => publicKey)).size).toBe(1);
    expect(readdirSync(folder)).toEqual(['signing-key.pem']);
    expect(statSync(join(folder, 'signing-key.pem')).mode & 0o777).toBe(0o600);
  });

  it('is refused when others may read it, or when it is no key', async () => {
    await openSigningKey(folder);
    const path = join(folder, 'signing-key.pem');
    chmodSync(path, 0o644);
    await expect(openSigningKey(folder)).rejects.toMatchObject({ code: 'storage.key-exposed' });
    chmodSync(path, 0o600);
    writeFileSync(path, 'no key');
    await expect(openSigningKey(folder)).rejects.toMatchObject({ code: 'storage.key-unreadable' });
  });
});
