import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { parseArgs, promisify } from 'node:util';

import { meanInterval } from '#storage';

const AIRTUNE = resolve(import.meta.dirname, '../../bin/airtune.js');
const run = promisify(execFile);

/**
 * What int8 does to what a spec comes to: the same spec with base fp32 and int8, for seeds 1, 2, …; the difference int8 − fp32 of each seed,
 * their mean and its 95 % interval (Student's t over the seeds). The figure is the clients' mean personalised accuracy, or, of a method that
 * learns from rewards, their mean reward by their own weights.
 */
export async function benchPrecisionAccuracy() {
  const { values, positionals } = parseArgs({
    args: process.argv.slice(3),
    options: { seeds: { type: 'string', default: '5' }, rounds: { type: 'string' } },
    allowPositionals: true,
  });
  const [spec] = positionals;
  if (spec === undefined)
    throw new Error('Name a spec: npm run bench -- precision-accuracy SPEC [--seeds 5] [--rounds N]');
  const folder = await mkdtemp(join(tmpdir(), 'airtune-precisions-'));
  const pairs = [];
  try {
    for (let seed = 1; seed <= Number(values.seeds); seed += 1) {
      const [fp32, int8] = [
        await figureOf(spec, 'fp32', seed, values.rounds, folder),
        await figureOf(spec, 'int8', seed, values.rounds, folder),
      ];
      pairs.push({ seed, fp32, int8, difference: int8 - fp32 });
      console.log(`seed ${seed}: fp32 ${fp32.toFixed(4)}, int8 ${int8.toFixed(4)}, ${(int8 - fp32).toFixed(4)}`);
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
  const { mean, low, high } = meanInterval(pairs.map(({ difference }) => difference));
  console.log(`int8 − fp32: ${mean.toFixed(4)}, 95 % interval ${low?.toFixed(4)} to ${high?.toFixed(4)}`);
  return { ratios: {}, figures: { spec, rounds: values.rounds, pairs, mean, low, high } };
}

interface Closing {
  readonly event: string;
  readonly metrics: {
    readonly personalAccuracy: { readonly mean: number | null };
    readonly reward?: { readonly weighted: { readonly mean: number | null } };
  };
}

async function figureOf(
  spec: string,
  precision: string,
  seed: number,
  rounds: string | undefined,
  folder: string,
): Promise<number> {
  // Beside the spec, since its paths are relative to it.
  const file = join(dirname(spec), `.${precision}-${process.pid}.yaml`);
  await writeFile(file, `${await readFile(spec, 'utf8')}\nbase: { precision: ${precision} }\n`);
  try {
    const home = join(folder, `${precision}-${seed}`);
    const args = [
      ...[AIRTUNE, 'run', file, '--json', '--seed', String(seed)],
      ...(rounds === undefined ? [] : ['--rounds', rounds]),
    ];
    const { stdout } = await run(process.execPath, args, {
      env: { ...process.env, AIRTUNE_HOME: home },
      maxBuffer: 2 ** 30,
    });
    await rm(home, { recursive: true, force: true });
    const last = JSON.parse(stdout.trimEnd().split('\n').at(-1) ?? '{}') as Closing;
    const figure = last.metrics.reward?.weighted.mean ?? last.metrics.personalAccuracy.mean;
    if (figure === null) throw new Error(`Seed ${seed} in ${precision} was not measured.`);
    return figure;
  } finally {
    await rm(file, { force: true });
  }
}
