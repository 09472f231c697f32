import { SPIN_ALONE_MICROSECONDS } from '#autograd';
import { Generator, int8LevelsHere, tunedManifest } from '#language-models';
import { selectTensors } from '#parameters';
import { randomStream } from '#randomness';

import { asksForInt8 } from './asks-for-int8.ts';
import { CLOCK, milliseconds } from './clock.ts';
import { GPT2_SMALL, randomWeights } from './gpt2-small.ts';
import { median } from './median.ts';
import { startPython } from './pytorch-process.ts';

const SIZES = { batch: 16, prompt: 32, newTokens: 64, topK: 50, trainableBlocks: 2 };
const THREADS = Number(process.env['AIRTUNE_BENCH_THREADS'] ?? 2);
const ROUNDS = Number(process.env['AIRTUNE_BENCH_ROUNDS'] ?? 3);

/**
 * Ratios. `transformers`: the time of transformers' `generate` over ours, the same sizes, fp32, threads and sampling; absent without a
 * Python that has it. `--precision int8` computes the base in int8. Ours feeds the last two blocks at each run, as rollouts do.
 */
export async function benchGenerate() {
  const config = GPT2_SMALL;
  const { batch, prompt, newTokens, topK, trainableBlocks } = SIZES;
  const tensors = randomWeights(config);
  const tunedNames = new Set(tunedManifest(config, trainableBlocks).map(({ name }) => name));
  const tuned = selectTensors(tensors, (name) => tunedNames.has(name));
  const int8 = asksForInt8();
  const generator = await Generator.open(
    int8
      ? { config, tensors, arithmetic: { precision: 'int8', levels: await int8LevelsHere(), exceptions: new Set() } }
      : { config, tensors },
    { trainableBlocks, ranked: true },
    { threads: THREADS, spinMicroseconds: THREADS > 1 ? SPIN_ALONE_MICROSECONDS : 0 },
  );
  const transformers = await startPython<'generate'>(SCRIPT, { ...SIZES, threads: THREADS, clock: CLOCK });
  const draw = randomStream(1, 'bench');
  const [ours, theirs]: [number[], number[]] = [[], []];
  for (let round = 0; round <= ROUNDS; round += 1) {
    const prompts = Array.from({ length: batch }, (_, row) => ({
      ids: Array.from({ length: prompt }, () => draw.integer(config.vocabulary - 1)),
      stream: randomStream(round, 'bench', row),
    }));
    const start = milliseconds();
    const completions = await generator.generate(prompts, { maxNewTokens: newTokens, topK }, tuned);
    const spent = milliseconds() - start;
    const reference = await transformers?.run('generate');
    if (completions.some(({ ids }) => ids.length !== newTokens)) throw new Error('A completion ended early.');
    // The first of each warms up.
    if (round === 0) continue;
    ours.push(spent);
    if (reference !== undefined) theirs.push(reference);
  }
  await Promise.all([generator.close(), transformers?.stop()]);
  const ms = median(ours);
  const tokensPerSecond = (time: number): number => (batch * newTokens * 1000) / time;
  const figures = {
    clock: CLOCK,
    precision: int8 ? 'int8' : 'fp32',
    threads: THREADS,
    ...SIZES,
    ms,
    tokensPerSecond: tokensPerSecond(ms),
  };
  console.log(`${tokensPerSecond(ms).toFixed(0)} tokens/s, ${ms.toFixed(0)} ms for ${batch} × ${newTokens}`);
  if (transformers === undefined) return { ratios: {}, figures };
  const transformersMs = median(theirs);
  const ratios = { transformers: transformersMs / ms };
  console.log(
    `transformers ${tokensPerSecond(transformersMs).toFixed(0)} tokens/s: ${ratios.transformers.toFixed(2)} x its speed`,
  );
  return { ratios, figures: { ...figures, transformersMs } };
}

const SCRIPT = `
import json, sys, time
import torch
from transformers import GPT2Config, GPT2LMHeadModel
c = json.loads(sys.argv[1])
torch.set_num_threads(c['threads'])
torch.manual_seed(0)
model = GPT2LMHeadModel(GPT2Config()).eval()
model.generation_config.pad_token_id = 50256
mask = torch.ones(c['batch'], c['prompt'], dtype=torch.long)
def generate():
    ids = torch.randint(0, 50256, (c['batch'], c['prompt']))
    n = c['newTokens']
    with torch.inference_mode():
        out = model.generate(ids, attention_mask=mask, do_sample=True, top_k=c['topK'], max_new_tokens=n, min_new_tokens=n)
    assert out.shape[1] == c['prompt'] + n
now = time.process_time if c['clock'] == 'cpu' else time.perf_counter
print('ready', flush=True)
for _ in sys.stdin:
    start = now(); generate()
    print((now() - start) * 1000, flush=True)
`;
