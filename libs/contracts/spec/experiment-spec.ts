import { z } from 'zod';
import { clientName } from '../vocabulary.ts';
import { dataSpec } from './data-spec.ts';
import { linkSpec } from './link-spec.ts';
import { distanceSpec, ppoSpec, rewardsSpec, rewardWeight, sparsitySpec } from './reinforcement-spec.ts';

/** How many blocks have a LoRA, counted from the top. */
export const loraBlocks = z.union([z.literal('all'), z.int().min(0).max(1000)]);

const lora = z.strictObject({
  rank: z.int().min(1).max(4096).default(8),
  alpha: z.number().gt(0).max(1e6).default(16),
  blocks: loraBlocks.default('all'),
});

const training = z.strictObject({
  steps: z.int().min(1).max(100_000).default(20),
  batchSize: z.int().min(1).max(4096).default(16),
  learningRate: z.number().gt(0).max(10).default(1e-3),
  maxTokens: z.int().min(4).max(8192).default(64),
  optimiser: z.enum(['adamw', 'sgd']).default('adamw'),
  weightDecay: z.number().min(0).max(1).default(0.01),
  clipNorm: z.number().gt(0).max(1e6).default(1),
  schedule: z.enum(['constant', 'linear', 'cosine']).default('linear'),
  warmupFraction: z.number().min(0).max(1).default(0.05),
  keepMoments: z.boolean().default(false),
  parallel: z.union([z.literal(1), z.literal(2)]).default(1),
});

/**
 * What products with the base's frozen matrices are computed in; fp32 unless it is said. In int8 the matrices of an encoder's blocks may be
 * given a budget: where a second copy, by which gradients flow faster, does not fit, there is none.
 */
const base = z
  .strictObject(
    {
      precision: z.enum(['fp32', 'int8']),
      memoryBudgetMegabytes: z.number().gt(0).max(1e6).optional(),
    },
    { error: ({ code }) => (code === 'invalid_type' ? '{ precision: fp32 } or { precision: int8 }' : undefined) },
  )
  .refine(({ precision, memoryBudgetMegabytes }) => precision === 'int8' || memoryBudgetMegabytes === undefined, {
    path: ['memoryBudgetMegabytes'],
    message: 'a budget chooses how int8 is computed: write `precision: int8` beside it, or remove it',
  });

const profile = z.strictObject({
  lora: z
    .strictObject({
      rank: z.int().min(1).max(4096).optional(),
      alpha: z.number().gt(0).max(1e6).optional(),
      blocks: loraBlocks.optional(),
    })
    .optional(),
  deviceClass: z.string().min(1).max(64).optional(),
  /** Another precision than the spec's, as a device of this class is best served. */
  base: base.optional(),
  /** The client's own weights; a reward that it does not name has the spec's. */
  rewards: z.record(z.string().min(1).max(63), rewardWeight).optional(),
  /** Whether prompts and completions may leave the site towards reward models; otherwise these run at the site. */
  shareCompletions: z.boolean().optional(),
});

/**
 * What of a client's profile may be changed while its experiment runs; what is not named stays. Whether its completions may
 * leave the site, and what its base is computed in, is settled when the experiment is submitted.
 */
export const profileChange = profile
  .omit({ shareCompletions: true, base: true })
  .refine(
    (change) => Object.keys({ ...change, ...change.lora }).some((field) => field !== 'lora'),
    'nothing is changed',
  );

/** Simulation: so many clients, client-0 to the last, dealt from one data set. */
const simulated = z.strictObject({
  count: z.int().min(1).max(10_000).default(4),
  partition: z
    .strictObject({
      dirichletAlpha: z.number().gt(0).max(1e6).default(0.5),
      minimumExamples: z.int().min(1).max(1_000_000).default(10),
    })
    .prefault({}),
});

/** Real federation: these clients, each at the site whose file names it. */
const named = z.strictObject({
  names: z
    .array(clientName)
    .min(1)
    .max(10_000)
    .refine((names) => new Set(names).size === names.length, 'a client stands there twice'),
});

/** Which clients and which data belong together; a document that mixes them up is refused with both ways written out. */
function agree({ clients, data }: { clients: { names: string[] } | { count: number }; data: { source: string } }) {
  if ('names' in clients === (data.source === 'sites')) return [];
  return 'names' in clients
    ? [{ path: ['data', 'source'], message: NAMED_NEED_SITES }]
    : [{ path: ['clients'], message: SITES_NEED_NAMES }];
}

const NAMED_NEED_SITES =
  'clients.names are clients with data of their own at their sites: write `data: { source: sites, labels: [ … ] }`, or clients.count to simulate clients from this data';
const SITES_NEED_NAMES =
  'data of source sites lie with named clients: write `clients: { names: [ … ] }`, as the files of their sites name them';

/** An experiment as a user writes it. Method, model and data are the only fields without a default. */
export const experimentSpec = z
  .strictObject({
    name: z
      .string()
      .regex(/^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/, 'lower case, digits and dashes, at most 63')
      .default('experiment'),
    method: z.string().min(1).max(64),
    seed: z.int().min(0).default(0),
    rounds: z.int().min(1).max(100_000).default(40),
    model: z.string().min(1),
    base: base.optional(),
    data: dataSpec,
    clients: z.union([simulated, named]).prefault({}),
    training: training.prefault({}),
    adapters: z.strictObject({ width: z.int().min(1).max(65_536).default(64) }).prefault({}),
    lora: lora.prefault({}),
    trainableBlocks: z.int().min(1).max(1000).default(2),
    rewards: rewardsSpec.prefault({}),
    ppo: ppoSpec.prefault({}),
    sparsity: sparsitySpec.prefault({}),
    distance: distanceSpec.prefault({}),
    link: linkSpec.prefault({}),
    profiles: z.record(clientName, profile).default({}),
    baselines: z
      .array(z.enum(['local-only']))
      .max(1)
      .default([]),
    aggregation: z
      .strictObject({
        rule: z.enum(['federated-averaging', 'none']).default('federated-averaging'),
        minContributions: z.int().min(1).max(10_000).default(1),
      })
      .prefault({}),
    evaluation: z
      .strictObject({
        personalExamples: z.int().min(1).max(100_000).default(300),
        generalExamples: z.int().min(1).max(100_000).default(300),
        batchSize: z.int().min(1).max(4096).default(64),
      })
      .prefault({}),
    /** Whose contributions' bytes are kept for an audit: all rounds', or those of the last few. */
    history: z
      .strictObject({
        keep: z.union([z.literal('all'), z.strictObject({ last: z.int().min(1).max(100_000) })]).default('all'),
      })
      .prefault({}),
    /** How long its clients have to enrol, and whether the experiment then fails or says who is missing and waits on. */
    enrolment: z
      .strictObject({
        timeoutMs: z
          .int()
          .min(1000)
          .max(7 * 24 * 3600_000)
          .default(600_000),
        whenMissing: z.enum(['fail', 'wait']).default('fail'),
      })
      .prefault({}),
    round: z
      .strictObject({
        timeoutMs: z
          .int()
          .min(1000)
          .max(7 * 24 * 3600_000)
          .default(1_800_000),
      })
      .prefault({}),
  })
  .superRefine((spec, context) => {
    for (const { path, message } of agree(spec)) context.addIssue({ code: 'custom', path, message });
  });

/** What a client's base is to be computed in. */
export function basePrecision(spec: ExperimentSpec, client?: string): 'fp32' | 'int8' {
  return baseOf(spec, client)?.precision ?? 'fp32';
}

/** What the matrices of a client's base may take in int8, undefined without a limit. */
export function baseMemoryBudgetBytes(spec: ExperimentSpec, client: string): number | undefined {
  const megabytes = baseOf(spec, client)?.memoryBudgetMegabytes;
  return megabytes === undefined ? undefined : 1e6 * megabytes;
}

function baseOf(spec: ExperimentSpec, client: string | undefined): z.infer<typeof base> | undefined {
  return (client === undefined ? undefined : spec.profiles[client]?.base) ?? spec.base;
}

export type ExperimentSpec = z.infer<typeof experimentSpec>;
export type ClientProfileSpec = z.infer<typeof profile>;
export type ProfileChange = z.infer<typeof profileChange>;
