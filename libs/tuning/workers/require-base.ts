import { digestCheckpoint } from '#language-models';
import type { Digest } from '#parameters';
import { TuningError } from '../tuning-error.ts';

/** Of which model a worker's folder must be. */
export interface RequiredBase {
  readonly modelFolder: string;
  /** The base's digest; without it, whatever lies in the folder is taken. */
  readonly baseDigest?: Digest;
}

/**
 * Hands over what was opened from a folder if that still holds the base that was asked for, and otherwise closes it: a worker may open its
 * base long after the folder was found. Throws TuningError `model.changed`.
 */
export async function ofRequiredBase<T>(
  { modelFolder, baseDigest }: RequiredBase,
  opened: T,
  close: (opened: T) => Promise<void>,
): Promise<T> {
  if (baseDigest === undefined) return opened;
  try {
    const found = await digestCheckpoint(modelFolder);
    if (found === baseDigest) return opened;
    throw new TuningError(
      'model.changed',
      `${modelFolder} was changed while it was in use: it holds ${found} instead of ${baseDigest}; put the same files back`,
    );
  } catch (error) {
    await close(opened);
    throw error;
  }
}
