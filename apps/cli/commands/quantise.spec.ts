import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { text } from 'node:stream/consumers';
import { loadEncoder, saveEncoder } from '#language-models';
import { exitCodeOf } from '#operations';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { loadWithOutlier, OUTLIER_LAYER } from '../../../test/outlier-encoder.ts';
import { buildProgram, type Commands } from '../program/build-program.ts';
import { quantise } from './quantise.ts';

const MODEL = 'models/tiny-encoder';
const TOKENIZER = ['tokenizer.json', 'tokenizer_config.json', 'vocab.txt'];

interface Report {
  readonly layers: readonly { readonly name: string; readonly relativeError: number; readonly precision: string }[];
  readonly largestRelativeError: number;
  readonly weightBytes: { readonly fp32: number; readonly int8: number };
}

/** What the command line writes to standard output, from the arguments after `airtune`. */
async function said(...args: string[]): Promise<string> {
  const [stdout, stderr] = [new PassThrough(), new PassThrough()];
  const commands: Partial<Commands> = {
    quantise: (folder, options) => quantise(folder, options, { stdout, stderr }),
  };
  await buildProgram(commands as Commands).parseAsync(args, { from: 'user' });
  stdout.end();
  return text(stdout);
}

describe('airtune quantise', () => {
  let folder: string;

  /** A copy of the model's folder, changed. */
  async function folderWith(name: string, change: (dir: string) => Promise<void>): Promise<string> {
    const dir = join(folder, name);
    await cp(MODEL, dir, { recursive: true });
    await change(dir);
    return dir;
  }

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'airtune-quantise-'));
  });
  afterAll(async () => {
    await rm(folder, { recursive: true });
  });

  it('prints a line for each layer and what all of them take, with --report and without', async () => {
    const report = await said('quantise', MODEL, '--report');
    const lines = report.split('\n');
    expect(lines[0]).toMatch(/^layer +in x out +error +gradient +peak +precision$/);
    expect(
      lines.filter((line) =>
        /^block\.\d\.\S+ +(128|512) x (128|512)(?: +0?[0-2]\.\d\d %){2} +[\d.]+ +int8$/.test(line),
      ),
    ).toHaveLength(24);
    expect(report).toMatch(
      /from 5\.0 % on it stays in fp32\n.*\n.*\n24 of 24 layers in int8.*: 786\.4 kB for 3\.15 MB\n$/,
    );
    expect(await said('quantise', MODEL)).toBe(report);
  });

  it('says the same as one JSON object', async () => {
    const line = await said('quantise', MODEL, '--json');
    expect(line).toMatch(/^\{.*\}\n$/);
    const { layers, largestRelativeError, weightBytes } = JSON.parse(line) as Report;
    expect(layers.map(({ name }) => name)).toContain('block.0.attention.query');
    expect(layers.every(({ precision, relativeError }) => precision === 'int8' && relativeError > 0)).toBe(true);
    expect({ largestRelativeError, weightBytes }).toEqual({
      largestRelativeError: 0.05,
      weightBytes: { fp32: 3_145_728, int8: 786_432 },
    });
  });

  it('measures on the text of a file, when one is named', async () => {
    const file = join(folder, 'sample.txt');
    await writeFile(file, 'The invoice of last month is wrong again, and nobody answers my letters.');
    const errors = async (...args: string[]) =>
      (JSON.parse(await said('quantise', MODEL, '--json', ...args)) as Report).layers.map(
        ({ relativeError }) => relativeError,
      );
    const [own, usual] = [await errors('--text', file), await errors()];
    expect(own.every((error, layer) => error !== usual[layer])).toBe(true);
  });

  it('says of a layer of zeros that there is nothing to measure', async () => {
    const { config, tensors } = await loadEncoder(MODEL);
    const name = 'block.1.attention.query.weight';
    const { shape, data } = tensors.get(name)!;
    const dir = join(folder, 'zeros');
    const zeros = new Map([...tensors, [name, { shape, data: new Float32Array(data.length) }]]);
    await saveEncoder(dir, { config, tensors: zeros }, { precision: 'fp32' });
    for (const file of TOKENIZER) await cp(join(MODEL, file), join(dir, file));
    const report = await said('quantise', dir);
    expect(report).toMatch(/\nblock\.1\.attention\.query +128 x 128 +none +none +[\d.]+ +fp32\n/);
    expect(report).toMatch(/as it does where the product has no size/);
    expect(report).not.toMatch(/NaN/);
  });

  it('says fp32 of the layer that reads an outlier, and of no other', async () => {
    const dir = join(folder, 'outlier');
    await saveEncoder(dir, await loadWithOutlier(MODEL), { precision: 'fp32' });
    for (const file of TOKENIZER) await cp(join(MODEL, file), join(dir, file));
    const report = await said('quantise', dir, '--report');
    const exact = report.split('\n').filter((line) => /^block.* fp32$/.test(line));
    expect(exact).toEqual([expect.stringMatching(new RegExp(`^${OUTLIER_LAYER} +128 x 512 +\\d\\d\\.\\d\\d % `))]);
    expect(report).toMatch(/\n23 of 24 layers in int8.*: 983\.0 kB for 3\.15 MB\n$/);
  });

  it.each([
    ['a text that is empty', 'quantise.text', /blank\.txt has no text/, () => ['--text', join(folder, 'blank.txt')]],
    [
      'a text that is not there',
      'quantise.text',
      /cannot be read: .*none\.txt/,
      () => ['--text', join(folder, 'none.txt')],
    ],
    ['a file that is no text', 'quantise.text', /binary is not UTF-8 text/, () => ['--text', join(folder, 'binary')]],
    ['a file with a NUL', 'quantise.text', /nul\.txt is not UTF-8 text/, () => ['--text', join(folder, 'nul.txt')]],
    [
      'more than a sample',
      'quantise.text',
      /long\.txt has more than 1\.00 MB/,
      () => ['--text', join(folder, 'long.txt')],
    ],
    ['a text of no tokens', 'model.sample-text', /no.*token/, () => ['--text', join(folder, 'invisible.txt')]],
  ])('refuses %s', async (_, code, message, args) => {
    await writeFile(join(folder, 'blank.txt'), ' \n');
    await writeFile(join(folder, 'binary'), Uint8Array.of(0x7f, 0x45, 0xff, 0xfe));
    await writeFile(join(folder, 'nul.txt'), 'a\0b');
    await writeFile(join(folder, 'long.txt'), 'word '.repeat(200_001));
    await writeFile(join(folder, 'invisible.txt'), '\u200b');
    const refused = expect(said('quantise', MODEL, ...args())).rejects;
    await refused.toMatchObject({ code, message: expect.stringMatching(message) });
  });

  it('refuses a folder that is not there, no model, or quantised already: all of it bad input', async () => {
    const quantised = await folderWith('quantised', async (dir) => {
      const config = JSON.parse(await readFile(join(dir, 'config.json'), 'utf8')) as object;
      await writeFile(join(dir, 'config.json'), JSON.stringify({ ...config, quantization_config: { bits: 8 } }));
    });
    const untold = await folderWith('untold', (dir) =>
      rm(join(dir, 'tokenizer.json')).then(() => rm(join(dir, 'vocab.txt'))),
    );
    for (const [dir, code, message] of [
      [quantised, 'model.already-quantised', /quantis/],
      [join(folder, 'nowhere'), expect.stringMatching(/^model\./), /nowhere/],
      [untold, expect.stringMatching(/^tokenizer\./), /untold/],
    ] as const) {
      const error = await said('quantise', dir, '--report').catch((thrown: unknown) => thrown);
      expect(error).toMatchObject({ code, message: expect.stringMatching(message) });
      expect(exitCodeOf(error)).toBe(2);
    }
  });
});
