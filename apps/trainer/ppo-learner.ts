import { rewardModels, type ExperimentSpec } from '#contracts';
import { channelPlan, keepChannels, readOrders, type ChannelPlan } from '#federation';
import { readDecoderConfig, tunedManifest, valueHeadManifest, type DecoderConfig } from '#language-models';
import { ownIterations } from '#methods';
import {
  decodeSafetensors,
  digestOf,
  encodeSafetensors,
  parameterCount,
  takeChannels,
  type ChannelFamily,
  type KeptChannels,
  type TensorManifest,
} from '#parameters';
import {
  judge,
  PolicyPool,
  tuneByPpo,
  type IterationFigures,
  type PpoRoundResult,
  type PpoRoundSettings,
  type RewardWeights,
  type RolloutAnswer,
  type StepProgress,
} from '#tuning';
import type { ArmTensors } from './client-state.ts';
import type { HostedClient } from './hosted-client.ts';
import type { ArmOfRound, ArmOutcome, Learner, LearnerParts, Measures, TrainingTask } from './learner.ts';
import { closingOptimisation, optimisationOf } from './optimisation-of.ts';
import type { SiteRewards } from './site-rewards.ts';
import { TrainerError } from './trainer-error.ts';

/** Of so many held-out instructions each one's reward is said, beside the means of all. */
const MOST_EACH = 512;

/** Instructions answered by the top blocks of a decoder, which learn from what reward models say: PPO. */
export class PpoLearner implements Learner {
  readonly sharedManifest: TensorManifest;
  private readonly spec: ExperimentSpec;
  private readonly config: DecoderConfig;
  private readonly heldOut: readonly string[];
  readonly rewards: SiteRewards;
  private readonly pool: PolicyPool;
  private readonly channels: ChannelPlan | undefined;
  private lastAnswers: { readonly digest: string; readonly answers: Promise<RolloutAnswer> } | undefined;

  private constructor(
    { spec, modelFolder, baseDigest, precision, data, threads }: LearnerParts,
    config: DecoderConfig,
    rewards: SiteRewards,
  ) {
    const { ppo, sparsity, training, trainableBlocks } = spec;
    this.spec = spec;
    this.config = config;
    this.sharedManifest = tunedManifest(config, trainableBlocks);
    this.channels = channelPlan(spec, this.sharedManifest);
    this.heldOut = data.generalTest.map(({ text }) => text);
    this.rewards = rewards;
    this.pool = new PolicyPool({
      modelFolder,
      baseDigest,
      precision,
      trainableBlocks,
      attentionSparsity: sparsity.attention,
      temperature: ppo.temperature,
      clip: ppo.clip,
      valueClip: ppo.valueClip,
      valueCoefficient: ppo.valueCoefficient,
      parallel: training.parallel,
      ...(threads === undefined ? {} : { threads }),
    });
  }

  /** Rejects when the model is no decoder, or the context has no room for prompts beside what is to be written. */
  static async open(parts: LearnerParts, rewards: SiteRewards): Promise<PpoLearner> {
    const { spec, modelFolder } = parts;
    const config = await readDecoderConfig(modelFolder);
    if (spec.ppo.maxNewTokens >= config.maxPositions)
      throw new TrainerError(
        'spec.max-new-tokens',
        `ppo.maxNewTokens: ${spec.ppo.maxNewTokens} leaves no room for a prompt in the ${config.maxPositions} positions of the model.`,
      );
    return new PpoLearner(parts, config, rewards);
  }

  parametersOf(): { readonly shared: number; readonly personal: number } {
    return { shared: parameterCount(this.sharedManifest), personal: parameterCount(valueHeadManifest(this.config)) };
  }

  async initial(): Promise<ArmTensors> {
    const [shared, personal] = await this.pool.initial();
    if (shared === undefined || personal === undefined)
      throw new TrainerError('trainer.initial-missing', 'The worker gave no initial tensors.');
    return { shared, personal };
  }

  /** Profiles weigh rewards: nothing has to be opened for that. */
  expect(): void {
    return;
  }

  adapt(_: HostedClient, __: HostedClient, tensors: ArmTensors): Promise<ArmTensors> {
    return Promise.resolve(tensors);
  }

  /** Held-out instructions, the same for everyone and with the same random numbers in every round, as reward models like the answers. */
  async evaluate(client: HostedClient, { round, arm }: ArmOfRound, { shared }: ArmTensors): Promise<Measures> {
    const { rollouts } = await (arm === 'own' ? this.drawAnswers(shared) : this.answersOf(shared));
    // What a client tuned for itself is judged after all iterations by which it may have tuned.
    const key = { client: client.name, round, iteration: arm === 'own' ? ownIterations(this.spec) + 1 : 0 };
    const { weighted, means, emptyCompletions } = await judge(
      this.rewards.scorer,
      key,
      rollouts,
      this.weightsOf(client),
    );
    const models = Object.entries(rewardModels(this.spec.rewards));
    return {
      reward: {
        completions: rollouts.length,
        emptyCompletions,
        weighted: weighted.reduce((sum, reward) => sum + reward, 0) / rollouts.length,
        mean: models.reduce((sum, [name, { weight }]) => sum + weight * (means[name] ?? 0), 0),
        components: means,
        each: weighted.slice(0, MOST_EACH),
      },
    };
  }

  /** What a policy answers to the held-out instructions; drawn once for clients that hold the same. */
  private answersOf(shared: Uint8Array): Promise<RolloutAnswer> {
    const digest = digestOf(shared);
    if (this.lastAnswers?.digest === digest) return this.lastAnswers.answers;
    const answers = this.drawAnswers(shared);
    this.lastAnswers = { digest, answers };
    // What failed is asked again.
    answers.catch(() => (this.lastAnswers = undefined));
    return answers;
  }

  private drawAnswers(shared: Uint8Array): Promise<RolloutAnswer> {
    const { seed, ppo, training } = this.spec;
    return this.pool.rollout({
      // The worker takes the bytes over; the caller goes on to train with its own.
      tuned: shared.slice(),
      prompts: this.heldOut,
      count: this.heldOut.length,
      maxNewTokens: ppo.maxNewTokens,
      maxPromptTokens: training.maxTokens,
      stream: { seed, purpose: 'ppo.evaluation', coordinates: [] },
    });
  }

  async train(
    client: HostedClient,
    task: TrainingTask,
    { shared, personal }: ArmTensors,
    onProgress: (progress: StepProgress) => void,
  ): Promise<ArmOutcome> {
    const settings = this.settingsOf(client, task);
    const sparse = this.keptIn(task);
    const start = { tuned: shared, valueHead: personal, prompts: client.data.train.map(({ text }) => text), sparse };
    const result = await tuneByPpo(this.pool, this.rewards.scorer, start, settings, ({ iteration, meanLoss }) => {
      onProgress({ step: iteration, steps: settings.iterations, loss: meanLoss });
    });
    if (result.outcome === 'stopped') return { outcome: 'withheld', reason: result.reason, message: result.message };
    return {
      outcome: 'trained',
      tensors: { shared: result.tuned, personal: result.valueHead },
      ...(sparse === undefined ? {} : { upload: keptPart(result.tuned, sparse) }),
      training: trainingOf(result),
    };
  }

  async close(): Promise<void> {
    await this.pool.close();
    await this.rewards.close();
  }

  /** What of the channels is trained and sent; undefined when all of them are. Throws when nobody said which. */
  private keptIn({ round, arm, channels }: TrainingTask): KeptPart | undefined {
    // What is never sent leaves nothing out.
    if (this.channels === undefined || arm !== 'federated') return undefined;
    const { families } = this.channels;
    if (channels === undefined)
      throw new TrainerError('trainer.channels-missing', `Round ${round} came without the order of its channels.`);
    const orders = readOrders(families, channels.order);
    return { families, kept: keepChannels(families, orders, channels.keep) };
  }

  /** The client's own weights, the spec's where it names none. */
  private weightsOf({ profile }: HostedClient): RewardWeights {
    const { rewards, ppo } = this.spec;
    const own = profile.rewards ?? {};
    const weights = Object.entries(rewardModels(rewards)).map(([reward, { weight }]) => [
      reward,
      own[reward] ?? weight,
    ]);
    return {
      weights: Object.fromEntries(weights) as Record<string, number>,
      scoreLimit: ppo.scoreLimit,
      emptyScore: ppo.emptyScore,
    };
  }

  private settingsOf(client: HostedClient, { round, arm }: ArmOfRound): PpoRoundSettings {
    const { seed, ppo, training, distance } = this.spec;
    const { batchSize } = training;
    const iterations = arm === 'own' ? ownIterations(this.spec) : ppo.iterations;
    const steps = iterations * ppo.epochs * Math.ceil(ppo.rollouts / batchSize);
    return {
      ...this.weightsOf(client),
      seed,
      client: client.name,
      round,
      iterations,
      rollouts: ppo.rollouts,
      maxNewTokens: ppo.maxNewTokens,
      maxPromptTokens: training.maxTokens,
      klReference: ppo.klReference,
      klTarget: ppo.klTarget,
      update: {
        gamma: ppo.gamma,
        lambda: ppo.gaeLambda,
        klEstimator: ppo.klEstimator,
        klCoefficient: ppo.kl,
        klLimit: ppo.klLimit,
        whitenRewards: ppo.whitenRewards,
        epochs: ppo.epochs,
        batchSize,
        proximal: distance.lambda,
        ...(arm === 'own' ? closingOptimisation(this.spec, steps) : optimisationOf(this.spec, steps, round)),
      },
    };
  }
}

type TrainedByPpo = Extract<PpoRoundResult, { outcome: 'trained' }>;

interface KeptPart {
  readonly families: readonly ChannelFamily[];
  readonly kept: KeptChannels;
}

/** The kept channels alone, in the shapes that they have then: what is not sent costs no bytes. */
function keptPart(tuned: Uint8Array, { families, kept }: KeptPart): Uint8Array {
  return encodeSafetensors(takeChannels(decodeSafetensors(tuned), families, kept));
}

/** A round's updates as the wire has them. */
function trainingOf({ iterations, endedEarly }: TrainedByPpo): Extract<ArmOutcome, { outcome: 'trained' }>['training'] {
  const [first, last] = [iterations[0], iterations.at(-1)];
  if (first === undefined || last === undefined)
    throw new TrainerError('trainer.nothing-learned', 'A round of PPO came to its end without an update.');
  const sum = (figure: (iteration: IterationFigures) => number): number =>
    iterations.reduce((total, iteration) => total + figure(iteration), 0);
  const steps = sum((iteration) => iteration.steps);
  const completions = sum((iteration) => iteration.completions);
  const perCompletion = (figure: (iteration: IterationFigures) => number): number =>
    sum((iteration) => figure(iteration) * iteration.completions) / completions;
  return {
    steps,
    firstLoss: first.first.loss,
    lastLoss: last.last.loss,
    meanLoss: sum((iteration) => iteration.meanLoss * iteration.steps) / Math.max(1, steps),
    rollouts: {
      iterations: iterations.length,
      completions,
      tokens: sum(({ tokens }) => tokens),
      weighted: perCompletion(({ weighted }) => weighted),
      components: Object.fromEntries(
        Object.keys(first.rewards).map((reward) => [reward, perCompletion(({ rewards }) => rewards[reward] ?? 0)]),
      ),
      kl: last.kl,
      squaredDistance: last.distanceAfter,
      emptyCompletions: sum(({ emptyCompletions }) => emptyCompletions),
      limitedScores: sum(({ limitedScores }) => limitedScores),
      tooLongPrompts: sum(({ tooLongPrompts }) => tooLongPrompts),
      ...(endedEarly === undefined ? {} : { endedEarly: endedEarly.slice(0, 400) }),
    },
  };
}
