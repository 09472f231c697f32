import { resolve } from 'node:path';
import { openPreferences } from '#datasets';
import { openRewardModel, type Completion, type RewardModel } from '#reward-models';
import { milliseconds } from './clock.ts';
import { transformersScoring } from './transformers-score.ts';

const MODEL = resolve(
  import.meta.dirname,
  import.meta.filename.endsWith('.ts') ? '..' : '../..',
  'models/reward-helpfulness',
);
const COMPLETIONS = 256;
const ROUNDS = 7;
const THREADS = 2;

/**
 * The shipped reward model on 256 held-out answers: all in one request, batched by tokens, against one request each, and
 * beside transformers with the same weights, threads and texts where AIRTUNE_PYTHON names a Python that has it (batches of
 * 32 in the order in which they come, padded to the longest; and sorted by length first, which is what batching by tokens does).
 */
export async function benchScore() {
  const { sources } = await openPreferences([{ source: 'wordnet-answers', aspect: 'helpfulness', limit: 2400 }]);
  const answers: Completion[] = (sources[0]?.heldOut ?? [])
    .flatMap(({ prompt, chosen, rejected }) => [chosen, rejected].map((completion) => ({ prompt, completion })))
    .slice(0, COMPLETIONS);
  const model = await openRewardModel(MODEL, { threads: THREADS });
  const python = await transformersScoring(MODEL, answers, THREADS);
  try {
    const times = {
      batched: [] as number[],
      single: [] as number[],
      transformers: [] as number[],
      sorted: [] as number[],
    };
    const scores = await model.score(answers);
    const gap = Math.max(...scores.map((score, i) => Math.abs(score - (python?.scores[i] ?? score))));
    await python?.run(false);
    for (let round = 0; round < ROUNDS; round += 1) {
      times.batched.push(await timed(() => model.score(answers)));
      times.single.push(await timed(() => oneByOne(model, answers)));
      if (python !== undefined) {
        times.transformers.push(await python.run(false));
        times.sorted.push(await python.run(true));
      }
    }
    return report(times, python === undefined ? undefined : gap);
  } finally {
    await model.close();
    python?.close();
  }
}

async function oneByOne(model: RewardModel, answers: readonly Completion[]): Promise<void> {
  for (const answer of answers) await model.score([answer]);
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const start = milliseconds();
  await work();
  return milliseconds() - start;
}

function report(
  times: Readonly<Record<'batched' | 'single' | 'transformers' | 'sorted', number[]>>,
  gap: number | undefined,
) {
  const [batched, single] = [median(times.batched), median(times.single)];
  console.log(`${COMPLETIONS} completions, ${THREADS} threads, median of ${ROUNDS}`);
  console.log(`batched by tokens: ${batched.toFixed(0)} ms; one at a time: ${single.toFixed(0)} ms`);
  const ratios: Record<string, number> = { oneAtATime: single / batched };
  const figures: Record<string, number> = { batchedMs: batched, oneAtATimeMs: single };
  if (gap !== undefined) {
    const [plain, sorted] = [median(times.transformers), median(times.sorted)];
    console.log(`transformers: ${plain.toFixed(0)} ms in batches of 32, ${sorted.toFixed(0)} ms sorted by length`);
    console.log(`largest difference of a score: ${gap.toExponential(1)}`);
    Object.assign(ratios, { transformers: plain / batched, transformersSorted: sorted / batched });
    Object.assign(figures, { transformersMs: plain, transformersSortedMs: sorted, largestGap: gap });
  }
  return { ratios, figures };
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? NaN;
}
