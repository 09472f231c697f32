import { execFile } from 'node:child_process';
import { availableParallelism, cpus } from 'node:os';
import { fileURLToPath } from 'node:url';
import { parseArgs, promisify } from 'node:util';
import { measureOverKafka } from './over-kafka.ts';

interface Measurement {
  readonly secondsPerRound: number;
  readonly phases: Readonly<Record<string, number>>;
  readonly peakBytes: number;
  readonly inUseBytes?: number;
  readonly commits: number;
  readonly entries: number;
}

const FEW = 10;
const ROUNDS = 30;
/** Enough of them to see whether anything stays from one to the next. */
const ROUNDS_FOR_MEMORY = 5;
const MEGABYTE = 1e6;

/**
 * What it costs to run rounds in which nobody trains: one process, embedded PostgreSQL, the real coordinator, channel and
 * record, blobs of a few bytes. `--clients N` measures N beside 10: time should grow linearly, memory in use hardly; what is
 * resident beside that is garbage that V8 has not collected yet, of which more clients make more.
 * `--kafka`: as processes over a real broker instead.
 */
export async function benchOrchestration() {
  const { values } = parseArgs({
    args: process.argv.slice(3),
    options: { clients: { type: 'string' }, rounds: { type: 'string' }, kafka: { type: 'boolean', default: false } },
  });
  const clients = Number(values.clients ?? FEW);
  const rounds = Number(values.rounds ?? ROUNDS);
  if (values.kafka) return overKafka(clients, rounds);
  const few = await measure(FEW, rounds);
  describe(FEW, few, rounds);
  console.log(
    `on ${availableParallelism()} cores (${cpus()[0]?.model ?? 'unknown'}); at most 0.10 s a round with 10 clients, aim 0.05`,
  );
  const { secondsPerRound, phases, peakBytes } = few;
  if (clients === FEW)
    return { ratios: { target: ratio(0.1, secondsPerRound) }, figures: { secondsPerRound, phases, peakBytes } };
  const many = await measure(clients, rounds);
  describe(clients, many, rounds);
  const fewInUse = await inUse(FEW, rounds);
  const manyInUse = await inUse(clients, ROUNDS_FOR_MEMORY);
  const ratios = {
    target: ratio(0.1, secondsPerRound),
    secondsPerClient: ratio(many.secondsPerRound / clients, secondsPerRound / FEW),
    memory: ratio(manyInUse, fewInUse),
    residentMemory: ratio(many.peakBytes, peakBytes),
  };
  console.log(
    `a client's share of a round: ${ratios.secondsPerClient} of what it is with ${FEW}; memory in use: ` +
      `${megabytes(fewInUse)} and ${megabytes(manyInUse)} at most, ${ratios.memory} times; resident: ${ratios.residentMemory} times`,
  );
  const figures = {
    secondsPerRound: many.secondsPerRound,
    phases: many.phases,
    peakBytes: many.peakBytes,
    inUseBytes: manyInUse,
    few: { secondsPerRound, phases, peakBytes, inUseBytes: fewInUse },
  };
  return { ratios, figures };
}

async function overKafka(clients: number, rounds: number) {
  const { secondsPerRound, phases } = await measureOverKafka(clients, rounds);
  console.log(`${clients} clients, services as processes over Kafka: ${secondsPerRound.toFixed(3)} s a round`);
  for (const [phase, seconds] of Object.entries(phases)) console.log(`  ${phase}: ${seconds.toFixed(4)} s`);
  console.log('at most 0.5 s a round with 10 clients, aim 0.25');
  return { ratios: { target: ratio(0.5, secondsPerRound) }, figures: { secondsPerRound, phases } };
}

function describe(
  clients: number,
  { secondsPerRound, phases, peakBytes, commits, entries }: Measurement,
  rounds: number,
): void {
  console.log(`${clients} clients: ${secondsPerRound.toFixed(3)} s a round, at most ${megabytes(peakBytes)} resident`);
  for (const [phase, seconds] of Object.entries(phases)) console.log(`  ${phase}: ${seconds.toFixed(4)} s`);
  console.log(
    `  ${(commits / rounds).toFixed(1)} transactions and ${(entries / rounds).toFixed(1)} ledger entries a round`,
  );
}

async function inUse(clients: number, rounds: number): Promise<number> {
  const { inUseBytes } = await measure(clients, rounds, ['--expose-gc']);
  return inUseBytes ?? NaN;
}

/** In a process of its own, so that peak memory is that of one run. */
async function measure(clients: number, rounds: number, flags: readonly string[] = []): Promise<Measurement> {
  const file = import.meta.url.endsWith('.ts') ? './orchestration-alone.ts' : './orchestration-alone.js';
  const path = fileURLToPath(new URL(file, import.meta.url));
  const { stdout } = await promisify(execFile)(process.execPath, [...flags, path, String(clients), String(rounds)]);
  return JSON.parse(stdout.trim().split('\n').at(-1) ?? '{}') as Measurement;
}

function megabytes(bytes: number): string {
  return `${(bytes / MEGABYTE).toFixed(0)} MB`;
}

function ratio(left: number, right: number): number {
  return Number((left / right).toPrecision(3));
}
