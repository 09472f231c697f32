import { codeOf, messageOf, StorageError } from '../storage-error.ts';

/** Turns a file system's error into one that names cause and cure; whatever is unknown passes unchanged. */
export function explainFileError(error: unknown, path: string): unknown {
  switch (codeOf(error) ?? '') {
    case 'ENOSPC':
    case 'EDQUOT':
      return new StorageError(
        'storage.disk-full',
        `The disk is full: ${path} could not be written. Free some space and resume; nothing that was finished is lost.`,
        { retryable: true, cause: error },
      );
    case 'EACCES':
    case 'EPERM':
    case 'EROFS':
      return new StorageError(
        'storage.not-writable',
        `${path} cannot be read or written by this user (${messageOf(error)}). Change its owner, or name another folder by AIRTUNE_HOME.`,
        { cause: error },
      );
    case 'ENOTDIR':
    case 'EEXIST':
      return new StorageError(
        'storage.not-a-folder',
        `${path} cannot be a folder: there is a file of that name, or on the way to it. Move that, or name another folder by AIRTUNE_HOME.`,
        { cause: error },
      );
    default:
      return error;
  }
}
