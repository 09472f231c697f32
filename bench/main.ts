import { asksForInt8 } from './asks-for-int8.ts';

/** What `npm run bench -- NAME` can run. The last line that each prints is one JSON object {bench, ratios, figures}. */
const BENCHES: Readonly<Record<string, { readonly about: string; readonly run: () => Promise<Result> }>> = {
  'training-step': {
    about:
      "a training step against ONNX Runtime's own MatMuls, and against PyTorch where AIRTUNE_PYTHON names a Python with torch; --precision int8: the base in fp32, in int8 and in int8 without copies for gradients, beside PyTorch in fp32 and bf16",
    run: async () =>
      asksForInt8()
        ? (await import('./training-step-precisions.ts')).benchPrecisions()
        : (await import('./training-step.ts')).benchTrainingStep(),
  },
  'ppo-update': {
    about: 'a PPO update of the last two blocks of a GPT-2 small against PyTorch, with and without a cached prefix',
    run: async () => (await import('./ppo-update.ts')).benchPpoUpdate(),
  },
  'precision-accuracy': {
    about:
      'a spec with its base in fp32 and in int8, for 5 seeds: the paired difference and its interval; SPEC, --seeds N, --rounds N',
    run: async () => (await import('./precision-accuracy.ts')).benchPrecisionAccuracy(),
  },
  score: {
    about:
      'the shipped reward model on 256 answers: batched against one at a time, and beside transformers where AIRTUNE_PYTHON has it',
    run: async () => (await import('./score.ts')).benchScore(),
  },
  orchestration: {
    about:
      'rounds of 10 clients that train nothing: s a round, and where they go; --clients N, --rounds N, --kafka for processes over Kafka',
    run: async () => (await import('./orchestration/orchestration.ts')).benchOrchestration(),
  },
  generate: {
    about: 'completions of a GPT-2 small, 16 prompts of 32 tokens and 64 more, against transformers; --precision int8',
    run: async () => (await import('./generate.ts')).benchGenerate(),
  },
  aggregate: {
    about: 'the streaming mean of 100 contributions of 5 MB: peak memory, MB/s beside a plain copy',
    run: async () => (await import('./aggregate.ts')).benchAggregate(),
  },
  'blob-transfer': {
    about: "a blob of 1 GB through a Kafka broker, file to verified file, against Kafka's own performance tools",
    run: async () => (await import('./blob-transfer.ts')).benchBlobTransfer(),
  },
  'clients-in-memory': {
    about: 'peak memory of a site that hosts 16 clients against one that hosts 1',
    run: async () => (await import('./clients-in-memory.ts')).benchClientsInMemory(),
  },
};

interface Result {
  readonly ratios: Readonly<Record<string, unknown>>;
  readonly figures: Readonly<Record<string, unknown>>;
}

const [name = '--help'] = process.argv.slice(2);
const bench = BENCHES[name];
if (bench !== undefined) {
  const { ratios, figures } = await bench.run();
  console.log(JSON.stringify({ bench: name, ratios, figures }));
} else {
  console.log('Usage: npm run bench -- NAME\n');
  for (const [known, { about }] of Object.entries(BENCHES)) console.log(`  ${known}: ${about}`);
  process.exitCode = name === '--help' ? 0 : 2;
}
