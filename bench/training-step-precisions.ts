import { fork } from 'node:child_process';
import { once } from 'node:events';

import { CLOCK } from './clock.ts';
import { median } from './median.ts';
import { startPyTorchStep } from './pytorch-step.ts';
import { LARGE, SIZES, THREADS } from './training-step-shape.ts';

const ROUNDS = Number(process.env['AIRTUNE_BENCH_ROUNDS'] ?? 9);

const KINDS = ['fp32', 'int8', 'lean'] as const;
/** `lean`: int8 under a budget of memory that has no room for transposed copies. */
export type StepKind = (typeof KINDS)[number];

/** What a process of its own says: milliseconds of a step with AdamW, resident bytes after it, and the most that there were. */
export interface StepMeasurement {
  readonly ms: number;
  readonly residentBytes: number;
  readonly peakBytes: number;
}

/**
 * The RoBERTa-base-shaped step with its base in fp32 and in int8, each in a process of its own, in turn with PyTorch's in fp32 and under
 * autocast to bf16. Ratios: `pytorch` and `pytorchBf16`, PyTorch's time over that of the int8 step, AdamW included in all; `fp32`, our own fp32
 * step's time over it; `memory` and `peak`, its resident memory over that of fp32, after a step and at its most, loading included; `lean` and
 * `leanMemory`, the int8 step's time over that of the step without copies, and the latter's memory over that of fp32.
 */
export async function benchPrecisions() {
  const [fp32, int8, lean] = KINDS.map(openStep) as [OpenStep, OpenStep, OpenStep];
  const pytorch = await startPyTorchStep({ ...SIZES, ...LARGE, threads: THREADS, clock: CLOCK });
  const rounds: (Readonly<Record<StepKind, StepMeasurement>> & { pytorch: number; bf16: number })[] = [];
  for (let round = 0; round <= ROUNDS; round += 1) {
    const measured = {
      fp32: await fp32.step(),
      int8: await int8.step(),
      lean: await lean.step(),
      pytorch: (await pytorch?.run('step')) ?? NaN,
      bf16: (await pytorch?.run('bf16')) ?? NaN,
    };
    // The first warms up.
    if (round > 0) rounds.push(measured);
  }
  for (const step of [fp32, int8, lean]) step.close();
  await pytorch?.stop();
  const middle = (of: (round: (typeof rounds)[number]) => number): number => median(rounds.map(of));
  const figureOf = (kind: StepKind) => ({
    ms: middle((round) => round[kind].ms),
    residentMegabytes: middle((round) => round[kind].residentBytes) / 2 ** 20,
    peakMegabytes: middle((round) => round[kind].peakBytes) / 2 ** 20,
  });
  const kinds = { fp32: figureOf('fp32'), int8: figureOf('int8'), lean: figureOf('lean') };
  const figures = {
    ...{ clock: CLOCK, threads: THREADS, ...SIZES, rounds: ROUNDS },
    ...kinds,
    ...(pytorch === undefined
      ? {}
      : { pytorchMs: middle((round) => round.pytorch), bf16Ms: middle(({ bf16 }) => bf16) }),
  };
  const ratios = {
    fp32: middle((round) => round.fp32.ms / round.int8.ms),
    memory: kinds.int8.residentMegabytes / kinds.fp32.residentMegabytes,
    peak: kinds.int8.peakMegabytes / kinds.fp32.peakMegabytes,
    lean: middle((round) => round.int8.ms / round.lean.ms),
    leanMemory: kinds.lean.residentMegabytes / kinds.fp32.residentMegabytes,
    ...(pytorch === undefined
      ? {}
      : {
          pytorch: middle((round) => round.pytorch / round.int8.ms),
          pytorchBf16: middle((round) => round.bf16 / round.int8.ms),
        }),
  };
  for (const kind of KINDS) {
    const { ms, residentMegabytes, peakMegabytes } = kinds[kind];
    const memory = `${residentMegabytes.toFixed(0)} MB resident, ${peakMegabytes.toFixed(0)} at most`;
    console.log(`${kind}  ${ms.toFixed(0)} ms a step, ${memory}`);
  }
  return { ratios, figures };
}

type OpenStep = ReturnType<typeof openStep>;

function openStep(kind: StepKind) {
  const child = fork(new URL('training-step-precisions-alone.js', import.meta.url), [kind], {
    execArgv: ['--expose-gc'],
  });
  return {
    step: async (): Promise<StepMeasurement> => {
      child.send('step');
      const [measured] = (await once(child, 'message')) as [StepMeasurement];
      return measured;
    },
    close: () => {
      child.disconnect();
    },
  };
}
