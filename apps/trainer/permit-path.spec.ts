import { mkdir, mkdtemp, realpath, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { permitPath } from './permit-path.ts';

let folder: string;
let roots: string[];

beforeAll(async () => {
  folder = await realpath(await mkdtemp(join(tmpdir(), 'roots-')));
  for (const name of ['data', 'data-of-others', 'elsewhere']) await mkdir(join(folder, name));
  await writeFile(join(folder, 'data/a.csv'), 'x');
  await writeFile(join(folder, 'data-of-others/b.csv'), 'x');
  await symlink(join(folder, 'data-of-others/b.csv'), join(folder, 'data/b.csv'));
  await symlink(join(folder, 'data'), join(folder, 'elsewhere/data'));
  roots = [join(folder, 'data')];
});

afterAll(async () => {
  await rm(folder, { recursive: true });
});

const permit = (path: string, within: readonly string[] | undefined = roots) =>
  permitPath(join(folder, path), 'data', within);

describe('a path that a spec names', () => {
  it('is opened under a root, by whichever links it gets there', async () => {
    expect(await permit('data/a.csv')).toBe(join(folder, 'data/a.csv'));
    expect(await permit('elsewhere/data/a.csv')).toBe(join(folder, 'data/a.csv'));
    expect(await permit('data/a.csv', [join(folder, 'elsewhere/data')])).toBe(join(folder, 'data/a.csv'));
    expect(await permit('data/not-yet.csv')).toBe(join(folder, 'data/not-yet.csv'));
  });

  it.each([
    ['a folder whose name begins alike', 'data-of-others/b.csv'],
    ['a link that leads out', 'data/b.csv'],
    ['dots that lead out', 'data/../data-of-others/b.csv'],
    ['nothing at all, elsewhere', 'elsewhere/nothing.csv'],
  ])('is refused in the same words for %s', async (_, path) => {
    await expect(permit(path)).rejects.toMatchObject({
      code: 'trainer.path-not-allowed',
      message: expect.stringMatching(/does not lie under this site's data roots \(AIRTUNE_DATA_ROOTS; they are /),
    });
  });

  it('is opened wherever it lies when there are no roots, and nowhere when the list of them is empty', async () => {
    expect(await permitPath(join(folder, 'data/b.csv'), 'data', undefined)).toBe(join(folder, 'data-of-others/b.csv'));
    await expect(permit('data/a.csv', [])).rejects.toThrow(/AIRTUNE_DATA_ROOTS; none is set/);
  });
});
