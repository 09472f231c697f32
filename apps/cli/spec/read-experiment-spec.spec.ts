import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { readExperimentSpec } from './read-experiment-spec.ts';

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'airtune-spec-'));
});

afterAll(async () => {
  await rm(folder, { recursive: true });
});

async function read(text: string, name = 'PFTT on AG News.yaml') {
  const path = join(folder, name);
  await writeFile(path, text);
  return readExperimentSpec(path);
}

describe('reading a spec', () => {
  it('resolves paths against the file and names the experiment after it', async () => {
    const spec = await read('method: pftt\nmodel: ../m\ndata: { source: ag-news, train: d/a.csv, test: /t.csv }\n');
    expect(spec).toMatchObject({
      name: 'pftt-on-ag-news',
      model: join(folder, '../m'),
      data: { train: join(folder, 'd/a.csv'), test: '/t.csv' },
    });
  });

  it('takes a reward model with a slash for a path, and one without for the name of a service', async () => {
    const rewards = '{ kind: { model: ./kind }, safe: { model: reward-safety } }';
    const spec = await read(`method: pfit\nmodel: m\ndata: { source: instructions }\nrewards: ${rewards}\n`);
    expect(spec.rewards).toMatchObject({ kind: { model: join(folder, 'kind') }, safe: { model: 'reward-safety' } });
  });

  it('names file, line, field and what is allowed', async () => {
    const text = 'method: pftt\nmodel: m\ndata: { source: wordnet-topics }\ntraining:\n  steps: 3\n  bachSize: 4\n';
    await expect(read(text)).rejects.toMatchObject({
      code: 'spec.invalid',
      message: expect.stringMatching(/\.yaml:6: training\.bachSize: unknown field; allowed here: steps, batchSize/),
    });
    await expect(read(text.replace('bachSize: 4', 'batchSize: none'))).rejects.toThrow(
      /\.yaml:6: training\.batchSize: must be a number, not "none"/,
    );
  });

  it('says which fields the method has no use for, and where they stand', async () => {
    const text = 'method: pftt\nmodel: m\ndata: { source: wordnet-topics }\nppo:\n  epochs: 2\n';
    await expect(read(text)).rejects.toMatchObject({
      code: 'spec.invalid',
      message: expect.stringMatching(/\.yaml:\d+: ppo: pftt learns from labels, not from rewards: remove it/),
    });
  });

  it.each([
    ['base: { precision: int4 }', /\.yaml:4: base\.precision: must be fp32 or int8, not "int4"/],
    ['base: int8', /\.yaml:4: base: must be \{ precision: fp32 \} or \{ precision: int8 \}, not "int8"/],
    [
      'profiles: { client-0: { base: { precision: int8 } } }',
      /profiles\.client-0\.base: pfit has one base for all clients/,
    ],
  ])('refuses %s where a base of PFIT is computed', async (wrong, message) => {
    const text = `method: pfit\nmodel: m\ndata: { source: instructions }\n${wrong}\n`;
    await expect(read(text)).rejects.toMatchObject({ code: 'spec.invalid', message: expect.stringMatching(message) });
  });

  it('says where the YAML breaks, and refuses doubles', async () => {
    await expect(read('method: [pftt\nmodel: x\n')).rejects.toMatchObject({ code: 'spec.malformed' });
    await expect(read('seed: 1\nseed: 2\n')).rejects.toThrow(/:2:1: not valid YAML: Map keys must be unique/);
  });

  it('says what is wrong with aliases, nesting and second documents', async () => {
    const least = 'method: pftt\nmodel: m\ndata: { source: wordnet-topics }\n';
    await expect(read(`${least}rounds: *many\n`)).rejects.toThrow(/\*many stands for nothing: there is no &many/);
    const levels = Array.from({ length: 8 }, (_, i) => `l${i + 1}: &l${i + 1} [*l${i}, *l${i}, *l${i}, *l${i}]\n`);
    const bomb = `l0: &l0 [x, x, x, x]\n${levels.join('')}`;
    await expect(read(`${bomb}${least}`)).rejects.toMatchObject({ code: 'spec.malformed' });
    await expect(read(`a: ${'['.repeat(20_000)}`)).rejects.toThrow(/nested too deeply/);
    await expect(read(`${least}---\n${least}`)).rejects.toThrow(
      /:4:1: not valid YAML: a second document begins here; there may be one/,
    );
  });

  it('names a file that is not there, a folder, an empty file', async () => {
    await expect(readExperimentSpec(join(folder, 'none.yaml'))).rejects.toThrow(/none\.yaml: there is no such file/);
    await expect(readExperimentSpec(folder)).rejects.toThrow(/is a folder; name the file in it/);
    await expect(read('')).rejects.toThrow(/expected fields such as `method: pftt`, found none/);
  });
});
