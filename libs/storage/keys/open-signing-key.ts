import { generateKeyPairSync, randomUUID } from 'node:crypto';
import { chmod, link, mkdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { syncFolder } from '#files';
import { openSigner, type Signer } from '#ledger';
import { explainFileError } from '../blobs/file-errors.ts';
import { codeOf, StorageError } from '../storage-error.ts';

/**
 * The Ed25519 key of a folder, `signing-key.pem`, generated at first use and readable by its owner alone. Throws
 * `storage.key-unreadable` for a file that is no key, and `storage.key-exposed` for one that others may read.
 */
export async function openSigningKey(folder: string): Promise<Signer> {
  const path = join(folder, 'signing-key.pem');
  try {
    await createOnce(folder, path);
  } catch (error) {
    throw explainFileError(error, path);
  }
  await refuseExposed(path);
  try {
    return openSigner(await readFile(path, 'utf8'));
  } catch (error) {
    throw new StorageError(
      'storage.key-unreadable',
      `${path} holds no Ed25519 private key (${String(error)}). Put back the file; with a new key, what it signed before can no longer be told from a stranger's.`,
      { cause: error },
    );
  }
}

/** Linking puts the key there as a whole, or not at all because another process was first. */
async function createOnce(folder: string, path: string): Promise<void> {
  if ((await stat(path).catch(() => undefined)) !== undefined) return;
  await mkdir(folder, { recursive: true });
  const { privateKey } = generateKeyPairSync('ed25519', {
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
    publicKeyEncoding: { type: 'spki', format: 'pem' },
  });
  const mine = `${path}.${randomUUID()}`;
  await writeFile(mine, privateKey, { mode: 0o600, flush: true });
  try {
    await chmod(mine, 0o600);
    await link(mine, path);
    await syncFolder(folder);
  } catch (error) {
    if (codeOf(error) !== 'EEXIST') throw error;
  } finally {
    await rm(mine, { force: true });
  }
}

async function refuseExposed(path: string): Promise<void> {
  const { mode } = await stat(path);
  if (process.platform !== 'win32' && (mode & 0o077) !== 0)
    throw new StorageError(
      'storage.key-exposed',
      `${path} may be read by others (mode ${(mode & 0o777).toString(8)}). Take that right away: chmod 600 ${path}`,
    );
}
