import { fork } from 'node:child_process';
import { once } from 'node:events';

import { CLOCK } from './clock.ts';
import { median } from './median.ts';
import { startPyTorchStep } from './pytorch-step.ts';
import { LARGE, SIZES, THREADS } from './training-step-shape.ts';

const ROUNDS = Number(process.env['AIRTUNE_BENCH_ROUNDS'] ?? 9);

/** What a process of its own says: milliseconds of a step with AdamW, and resident bytes after it. */
export interface StepMeasurement {
  readonly ms: number;
  readonly residentBytes: number;
}

/**
 * The RoBERTa-base-shaped step with its base in fp32 and in int8, each in a process of its own, in turn with PyTorch's in fp32 and under
 * autocast to bf16. Ratios: `pytorch` and `pytorchBf16`, PyTorch's time over that of the int8 step, AdamW included in all; `fp32`, our own fp32
 * step's time over it; `memory`, its resident memory over that of fp32.
 */
export async function benchPrecisions() {
  const [fp32, int8] = [openStep('fp32'), openStep('int8')];
  const pytorch = await startPyTorchStep({ ...SIZES, ...LARGE, threads: THREADS, clock: CLOCK });
  const rounds: { fp32: StepMeasurement; int8: StepMeasurement; pytorch: number; bf16: number }[] = [];
  for (let round = 0; round <= ROUNDS; round += 1) {
    const measured = {
      fp32: await fp32.step(),
      int8: await int8.step(),
      pytorch: (await pytorch?.run('step')) ?? NaN,
      bf16: (await pytorch?.run('bf16')) ?? NaN,
    };
    // The first warms up.
    if (round > 0) rounds.push(measured);
  }
  fp32.close();
  int8.close();
  await pytorch?.stop();
  const middle = (of: (round: (typeof rounds)[number]) => number): number => median(rounds.map(of));
  const megabytes = (precision: 'fp32' | 'int8') => middle((round) => round[precision].residentBytes) / 2 ** 20;
  const figures = {
    ...{ clock: CLOCK, threads: THREADS, ...SIZES, rounds: ROUNDS },
    fp32: { ms: middle(({ fp32: { ms } }) => ms), residentMegabytes: megabytes('fp32') },
    int8: { ms: middle(({ int8: { ms } }) => ms), residentMegabytes: megabytes('int8') },
    ...(pytorch === undefined
      ? {}
      : { pytorchMs: middle((round) => round.pytorch), bf16Ms: middle(({ bf16 }) => bf16) }),
  };
  const ratios = {
    fp32: middle((round) => round.fp32.ms / round.int8.ms),
    memory: figures.int8.residentMegabytes / figures.fp32.residentMegabytes,
    ...(pytorch === undefined
      ? {}
      : {
          pytorch: middle((round) => round.pytorch / round.int8.ms),
          pytorchBf16: middle((round) => round.bf16 / round.int8.ms),
        }),
  };
  for (const precision of ['fp32', 'int8'] as const) {
    const { ms, residentMegabytes } = figures[precision];
    console.log(`${precision}  ${ms.toFixed(0)} ms a step, ${residentMegabytes.toFixed(0)} MB resident`);
  }
  return { ratios, figures };
}

function openStep(precision: string) {
  const child = fork(new URL('training-step-alone.js', import.meta.url), [precision], { execArgv: ['--expose-gc'] });
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
