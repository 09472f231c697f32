import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { saveEncoder, type EncoderConfig } from '#language-models';
import { randomStream } from '#randomness';
import { initialEncoder } from '#tuning';

/** What the process that trains is told. */
export interface ClientsTask {
  /** Holds `model/`, `train.csv` and `test.csv`. */
  readonly folder: string;
  readonly home: string;
  readonly clients: number;
  readonly workers: 1 | 2;
}

/** What it measured. */
export interface ClientsMeasurement {
  readonly peakBytes: number;
  readonly secondsPerClientRound: number;
}

/** The 6 × 384 shape of MiniLM; weights are drawn, since memory does not depend on them. */
const CONFIG: EncoderConfig = {
  modelType: 'bert',
  layers: 6,
  hidden: 384,
  heads: 12,
  intermediate: 1536,
  vocabulary: 30_522,
  maxPositions: 512,
  typeVocabulary: 2,
  layerNormEpsilon: 1e-12,
  activation: 'gelu',
  positionOffset: 0,
  padTokenId: 0,
};
const SPECIAL = ['[PAD]', '[UNK]', '[CLS]', '[SEP]', '[MASK]'];
const MEGABYTE = 1e6;
const RUNS = [
  { workers: 1, clients: 1 },
  { workers: 1, clients: 16 },
  { workers: 2, clients: 2 },
  { workers: 2, clients: 16 },
] as const;

/**
 * Peak resident memory of a site (the real trainer, with its workers) that hosts 1 client and 16, each count in a process of
 * its own. Every client trains and is evaluated in two rounds: what is held for a client between its rounds would show.
 */
export async function benchClientsInMemory() {
  const folder = await mkdtemp(join(tmpdir(), 'airtune-bench-'));
  try {
    await prepare(folder);
    const figures: Record<string, number> = {};
    for (const { workers, clients } of RUNS) {
      const home = join(folder, `home-${workers}-${clients}`);
      const { peakBytes, secondsPerClientRound } = await measure({ folder, home, clients, workers });
      figures[`peakBytes.${workers}worker.${clients}clients`] = peakBytes;
      console.log(
        `${workers} worker(s), ${clients} client(s): peak ${(peakBytes / MEGABYTE).toFixed(0)} MB, ` +
          `${secondsPerClientRound.toFixed(2)} s a client and round`,
      );
    }
    const ratio = (workers: number, few: number): number =>
      Number(
        (
          (figures[`peakBytes.${workers}worker.16clients`] ?? NaN) /
          (figures[`peakBytes.${workers}worker.${few}clients`] ?? NaN)
        ).toPrecision(4),
      );
    const ratios = { memory: ratio(1, 1), memoryTwoWorkers: ratio(2, 2) };
    console.log(
      `one worker, 16 clients against 1: ${ratios.memory} (at most 1.3); two workers, 16 against 2: ${ratios.memoryTwoWorkers}`,
    );
    return { ratios, figures };
  } finally {
    await rm(folder, { recursive: true });
  }
}

async function prepare(folder: string): Promise<void> {
  const model = join(folder, 'model');
  await mkdir(model);
  await saveEncoder(model, { config: CONFIG, tensors: initialEncoder(CONFIG, 1) }, { precision: 'fp32' });
  const words = Array.from({ length: CONFIG.vocabulary - SPECIAL.length }, (_, i) => `word${i}`);
  await writeFile(join(model, 'vocab.txt'), [...SPECIAL, ...words].join('\n'));
  await writeFile(join(folder, 'train.csv'), rows('train', 3200, words));
  await writeFile(join(folder, 'test.csv'), rows('test', 800, words));
}

/** Texts of 20 to 61 words in 4 classes. */
function rows(name: string, count: number, words: readonly string[]): string {
  const stream = randomStream(1, 'bench-clients', name);
  const row = (_: unknown, i: number): string => {
    const text = Array.from({ length: 20 + stream.integer(42) }, () => words[stream.integer(words.length)]);
    return `${text.join(' ')},label${i % 4}`;
  };
  return ['text,label', ...Array.from({ length: count }, row)].join('\n');
}

async function measure(task: ClientsTask): Promise<ClientsMeasurement> {
  const source = import.meta.url.endsWith('.ts');
  const file = new URL(source ? './clients-in-memory-alone.ts' : './clients-in-memory-alone.js', import.meta.url);
  const { stdout } = await promisify(execFile)(process.execPath, [
    ...process.execArgv,
    fileURLToPath(file),
    JSON.stringify(task),
  ]);
  return JSON.parse(stdout.trim().split('\n').at(-1) ?? '') as ClientsMeasurement;
}
