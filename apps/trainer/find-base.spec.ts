import { cp, mkdtemp, realpath, rm, symlink, unlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { experimentSpec } from '#contracts';
import { digestCheckpoint } from '#language-models';
import { digestOf } from '#parameters';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { findBase } from './find-base.ts';
import { TrainerSettings } from './settings.ts';
import type { Submission } from './experiment-file.ts';

const shipped = resolve(import.meta.dirname, '../../models/tiny-encoder');
let folder: string;
let digest: Awaited<ReturnType<typeof digestCheckpoint>>;

beforeAll(async () => {
  folder = await realpath(await mkdtemp(join(tmpdir(), 'bases-')));
  digest = await digestCheckpoint(shipped);
  await cp(shipped, join(folder, 'models/some-lab/encoder'), { recursive: true });
});

afterAll(async () => {
  await rm(folder, { recursive: true });
});

const find = (model: string, modelRoots?: string[], wanted = digest) => {
  const shared = { manifest: [], initial: { digest, bytes: 0 } };
  const submission: Submission = {
    spec: experimentSpec.parse({ method: 'pftt', model, data: { source: 'wordnet-topics' } }),
    base: { digest: wanted, config: {}, parameters: 1, shared },
  };
  return findBase(
    submission,
    new TrainerSettings({ home: folder, ...(modelRoots === undefined ? {} : { modelRoots }) }),
  );
};

describe('the base of an experiment', () => {
  it('is the spec’s folder where that holds it', async () => {
    expect(await find(shipped)).toBe(shipped);
  });

  it('is found by digest under the model roots where the path is another machine’s, or not allowed', async () => {
    const roots = [join(folder, 'models')];
    const here = join(folder, 'models/some-lab/encoder');
    expect(await find('/home/somebody/encoder', roots)).toBe(here);
    expect(await find(shipped, roots)).toBe(here);
  });

  it('is not another model, and no file in it leads out of the roots', async () => {
    await expect(find(shipped, undefined, digestOf(new Uint8Array()))).rejects.toMatchObject({
      code: 'trainer.other-base',
    });
    const link = join(folder, 'models/some-lab/encoder/model.safetensors');
    await unlink(link);
    await symlink(join(shipped, 'model.safetensors'), link);
    await expect(find(shipped, [join(folder, 'models')])).rejects.toMatchObject({
      code: 'trainer.path-not-allowed',
      message: expect.stringMatching(/model roots \(AIRTUNE_MODEL_ROOTS; they are /),
    });
  });
});
