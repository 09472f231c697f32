import {
  putChannels,
  takeChannels,
  type ChannelFamily,
  type KeptChannels,
  type NamedTensors,
  type Tensor,
} from '#parameters';
import { firstNotFinite, type DescentSettings } from '../../learner/tune-locally.ts';
import { chooseOptimiser } from '../../optimisers/choose-optimiser.ts';
import { clipGradients } from '../../optimisers/clip-gradients.ts';
import type { OptimiserState } from '../../optimisers/optimiser.ts';
import { learningRateSchedule } from '../../schedules/learning-rate-schedule.ts';
import { estimateAdvantages, type RewardSettings } from '../numerics/estimate-advantages.ts';
import { addProximalSlope, squaredDistance } from './proximity.ts';
import type { DrawnCompletion } from './pack-completions.ts';
import type { Minibatch, OldEstimates, PolicySession, StepLosses, TokenEstimates } from './policy-session.ts';

export interface UpdateSettings extends RewardSettings, DescentSettings {
  readonly epochs: number;
  /** Completions a step. */
  readonly batchSize: number;
  /** An update does not begin when the mean KL of a completion to the reference, in nats, is above this. */
  readonly klLimit: number;
  /** λ of the proximal term λ‖θ − θ_global‖². */
  readonly proximal: number;
}

/** A client's policy at the start of an update; `tuned` and `valueHead` are written in place. */
export interface Policy {
  readonly tuned: NamedTensors;
  readonly valueHead: NamedTensors;
  /** The global model that the round began with. */
  readonly global: NamedTensors;
  /** What the KL penalty compares with: the base's tensors, or `global`. */
  readonly reference: NamedTensors;
  /** The channels that are trained; all of them without it. */
  readonly sparse?: { readonly families: readonly ChannelFamily[]; readonly kept: KeptChannels };
}

/** Completions and what each is worth: the client's weighted reward. */
export interface ScoredCompletions {
  readonly completions: readonly DrawnCompletion[];
  readonly scores: readonly number[];
}

/** Of the policy that drew the completions, and of the steps that were taken from it. */
export interface UpdateFigures {
  /** Mean KL of a completion to the reference, in nats, by the estimator that is never negative (k3). */
  readonly kl: number;
  /** ‖θ − θ_global‖² over the shared tensors, before the first step. */
  readonly distance: number;
  /** The same after the last step. */
  readonly distanceAfter: number;
  readonly steps: number;
  /** Of the first step: nothing is clipped in it, for old and new log-probabilities are the same. */
  readonly first: StepLosses;
  readonly last: StepLosses;
  readonly meanLoss: number;
}

/** `stopped` is no error: a round goes on without the client, or the client without this update. */
export type UpdateResult =
  | { readonly outcome: 'updated'; readonly figures: UpdateFigures; readonly optimiser: OptimiserState }
  | {
      readonly outcome: 'stopped';
      readonly reason: 'kl-limit' | 'loss-not-finite';
      readonly message: string;
      readonly kl: number;
    };

/**
 * One PPO update: the frozen blocks once, old estimates from the update's own graph on the same minibatches, advantages over
 * all tokens, then epochs of clipped steps over the kept channels. Goes on from `state` where one is given.
 */
export async function updatePolicy(
  session: PolicySession,
  policy: Policy,
  drawn: ScoredCompletions,
  settings: UpdateSettings,
  state?: OptimiserState,
): Promise<UpdateResult> {
  const batches: Minibatch[] = [];
  for (const part of inParts(drawn.completions, settings.batchSize)) batches.push(await session.prepare(part));
  const whole = new Map([...policy.tuned, ...policy.valueHead]);
  const old = await estimateAll(session, whole, batches, { slopesOfFirst: true });
  const reference = await estimateAll(session, new Map([...policy.reference, ...policy.valueHead]), batches);
  const { advantages, returns, kl } = estimateAdvantages(
    {
      lengths: batches.flatMap(({ lengths }) => lengths),
      logProbabilities: joined(old, 'logProbabilities'),
      reference: joined(reference, 'logProbabilities'),
      values: joined(old, 'values'),
      scores: drawn.scores,
    },
    settings,
  );
  if (!(kl <= settings.klLimit)) {
    const message = `the policy is ${kl.toPrecision(4)} nats a completion from its reference, more than ${settings.klLimit}`;
    return { outcome: 'stopped', reason: 'kl-limit', message, kl };
  }
  const held = heldFixed(old, advantages, returns);
  const steps = new Descent(session, policy, settings, state);
  const losses: StepLosses[] = [];
  const distance = squaredDistance(policy.tuned, policy.global);
  for (let epoch = 0; epoch < settings.epochs; epoch++)
    for (const { batch, fixed } of held) {
      // Before the first step nothing has moved.
      const taken = await steps.take(batch, fixed, losses.length === 0 ? old[0]?.slopes : undefined);
      if (typeof taken === 'string') {
        const message = `step ${losses.length + 1}: ${taken}`;
        return { outcome: 'stopped', reason: 'loss-not-finite', message, kl };
      }
      losses.push(taken);
    }
  const broken = firstNotFinite(whole);
  const [first, last] = [losses[0], losses.at(-1)];
  if (broken !== undefined || first === undefined || last === undefined)
    return { outcome: 'stopped', reason: 'loss-not-finite', message: `${broken ?? 'nothing'} is not finite`, kl };
  const meanLoss = losses.reduce((sum, { loss }) => sum + loss, 0) / losses.length;
  return {
    outcome: 'updated',
    figures: {
      ...{ kl, distance, distanceAfter: squaredDistance(policy.tuned, policy.global) },
      ...{ steps: losses.length, first, last, meanLoss },
    },
    optimiser: steps.state,
  };
}

/** Steps over the trained part of a policy: the kept channels of the tuned tensors, and the value head. */
class Descent {
  readonly state: OptimiserState;
  private readonly session: PolicySession;
  private readonly policy: Policy;
  private readonly settings: UpdateSettings;
  private readonly whole: NamedTensors;
  private readonly trained: NamedTensors;
  private readonly anchor: NamedTensors;
  private readonly optimiser;
  private readonly schedule;
  private taken = 0;

  constructor(session: PolicySession, policy: Policy, settings: UpdateSettings, state?: OptimiserState) {
    this.session = session;
    this.policy = policy;
    this.settings = settings;
    this.whole = new Map([...policy.tuned, ...policy.valueHead]);
    this.trained = new Map([...this.keptOf(policy.tuned), ...policy.valueHead]);
    this.anchor = this.keptOf(policy.global);
    this.optimiser = chooseOptimiser(settings);
    this.schedule = learningRateSchedule(settings.schedule, settings.totalSteps, settings.warmupSteps);
    this.state = state ?? this.optimiser.initial(this.trained);
  }

  /** The losses before the step, or what was not finite. */
  async take(batch: Minibatch, old: OldEstimates, known?: Tensor): Promise<StepLosses | string> {
    const { losses, gradients } = await this.session.gradients(this.whole, batch, old, known);
    if (!Number.isFinite(losses.loss)) return `the loss is ${losses.loss}`;
    const slopes = this.policy.sparse === undefined ? gradients : this.keptOf(gradients);
    addProximalSlope(slopes, this.trained, this.anchor, this.settings.proximal);
    const norm = clipGradients(slopes, this.settings.clipNorm);
    if (!Number.isFinite(norm)) return `the gradient's norm is ${norm}`;
    const rate = this.settings.learningRate * this.schedule(this.settings.firstStep + this.taken);
    this.optimiser.update(slopes, this.state, this.trained, rate);
    this.taken += 1;
    if (this.policy.sparse !== undefined) {
      const { families, kept } = this.policy.sparse;
      putChannels(this.whole, families, kept, this.trained);
    }
    return losses;
  }

  private keptOf(tensors: NamedTensors): NamedTensors {
    if (this.policy.sparse === undefined) return tensors;
    return takeChannels(tensors, this.policy.sparse.families, this.policy.sparse.kept);
  }
}

interface Estimated extends TokenEstimates {
  readonly batch: Minibatch;
}

async function estimateAll(
  session: PolicySession,
  parameters: NamedTensors,
  batches: readonly Minibatch[],
  { slopesOfFirst = false } = {},
): Promise<Estimated[]> {
  const estimates: Estimated[] = [];
  for (const [i, batch] of batches.entries()) {
    const slopes = slopesOfFirst && i === 0;
    estimates.push({ batch, ...(await session.estimate(parameters, batch, { slopes })) });
  }
  return estimates;
}

/** Each minibatch with what its steps hold fixed, cut from what was computed over all tokens. */
function heldFixed(
  old: readonly Estimated[],
  advantages: Float32Array,
  returns: Float32Array,
): { readonly batch: Minibatch; readonly fixed: OldEstimates }[] {
  let end = 0;
  return old.map(({ batch, logProbabilities, values }) => {
    const from = end;
    end += values.length;
    const targets = { advantages: advantages.slice(from, end), returns: returns.slice(from, end) };
    return { batch, fixed: { oldLogProbabilities: logProbabilities, oldValues: values, ...targets } };
  });
}

function joined(estimates: readonly TokenEstimates[], of: 'logProbabilities' | 'values'): Float32Array {
  const all = new Float32Array(estimates.reduce((sum, estimate) => sum + estimate[of].length, 0));
  let at = 0;
  for (const { [of]: numbers } of estimates) {
    all.set(numbers, at);
    at += numbers.length;
  }
  return all;
}

function inParts<T>(items: readonly T[], size: number): T[][] {
  return Array.from({ length: Math.ceil(items.length / size) }, (_, part) =>
    items.slice(part * size, (part + 1) * size),
  );
}
