import { Session, type Feed, type SessionOptions } from '#autograd';
import {
  buildDecoderPrefix,
  gradientName,
  tunedTensors,
  type DecoderConfig,
  type FrozenDecoder,
} from '#language-models';
import type { NamedTensors, Tensor } from '#parameters';
import { TuningError } from '../../tuning-error.ts';
import { buildPpoStep, type PpoStepShape } from './build-ppo-step.ts';
import { packCompletions, type DrawnCompletion } from './pack-completions.ts';

/** A minibatch below the tuned blocks, where nothing changes: computed once for all epochs of an update. */
export interface Minibatch {
  readonly lengths: readonly number[];
  readonly feeds: Readonly<Record<string, Feed>>;
}

/** What the policy makes of each token of a minibatch now. */
export interface TokenEstimates {
  readonly logProbabilities: Float32Array;
  readonly values: Float32Array;
  /** d log-probabilities / d states [tokens, hidden], where they were asked for. */
  readonly slopes?: Tensor;
}

/** What an update holds fixed, one number a token. */
export interface OldEstimates {
  readonly oldLogProbabilities: Float32Array;
  readonly oldValues: Float32Array;
  readonly advantages: Float32Array;
  readonly returns: Float32Array;
}

const LOSSES = ['loss', 'policyLoss', 'valueLoss', 'approximateKl', 'clippedFraction'] as const;
export type StepLosses = Readonly<Record<(typeof LOSSES)[number], number>>;

/** Log-probabilities, values and gradients of any client's policy on one frozen base. `run` blocks: open it in a worker. */
export class PolicySession {
  readonly config: DecoderConfig;
  /** The base's own tensors of the tuned blocks: the start of training, and the reference of `klReference: base`. */
  readonly base: NamedTensors;
  private readonly prefix: Session;
  private readonly step: Session;
  /** Asked before each run; what it throws gives up the work that is under way. */
  beforeBatch: () => void = () => undefined;

  private constructor(config: DecoderConfig, base: NamedTensors, prefix: Session, step: Session) {
    this.config = config;
    this.base = base;
    this.prefix = prefix;
    this.step = step;
  }

  static async open(weights: FrozenDecoder, shape: PpoStepShape, options: SessionOptions = {}): Promise<PolicySession> {
    const { config } = weights;
    const base = tunedTensors(weights, shape.trainableBlocks);
    const prefix = await Session.open(buildDecoderPrefix(weights, shape.trainableBlocks), options);
    const step = await Session.open(buildPpoStep(weights, shape), options);
    return new PolicySession(config, base, prefix, step);
  }

  /** Runs the frozen blocks over prompts and completions. */
  async prepare(completions: readonly DrawnCompletion[]): Promise<Minibatch> {
    this.beforeBatch();
    const { lengths, prefix, suffix } = packCompletions(completions);
    const { hidden } = await this.prefix.run({ ...prefix }, ['hidden']);
    if (hidden === undefined) throw missing('hidden');
    return { lengths, feeds: { hidden, mask: prefix.mask, ...suffix } };
  }

  /** Log-probability and value of each token under `parameters`: tuned tensors and value head; slopes if they are wanted. */
  async estimate(parameters: NamedTensors, batch: Minibatch, { slopes = false } = {}): Promise<TokenEstimates> {
    this.beforeBatch();
    const zeros = new Float32Array(batch.feeds['tokens']?.data.length ?? 0);
    const old = { oldLogProbabilities: zeros, oldValues: zeros, advantages: zeros, returns: zeros };
    const feeds = { ...feedsOf(parameters, batch, old), ...this.modeOf({ train: false, slopesWanted: slopes }) };
    const outputs = await this.step.run(feeds, ['logProbabilities', 'values', ...(slopes ? ['slopes'] : [])]);
    return {
      logProbabilities: floats(outputs, 'logProbabilities').data,
      values: floats(outputs, 'values').data,
      ...(slopes ? { slopes: floats(outputs, 'slopes') } : {}),
    };
  }

  /**
   * Losses of the minibatch, and the gradient of each of the parameters. `slopes` that these very parameters gave with the old
   * log-probabilities spare half of the work, and change no bit.
   */
  async gradients(
    parameters: NamedTensors,
    batch: Minibatch,
    old: OldEstimates,
    slopes?: Tensor,
  ): Promise<{ readonly losses: StepLosses; readonly gradients: NamedTensors }> {
    this.beforeBatch();
    const names = [...parameters.keys()];
    const feeds = {
      ...feedsOf(parameters, batch, old),
      ...this.modeOf({ train: true, slopesWanted: slopes === undefined, slopes }),
    };
    const outputs = await this.step.run(feeds, [...LOSSES, ...names.map(gradientName)]);
    const losses = Object.fromEntries(LOSSES.map((name) => [name, floats(outputs, name).data[0] ?? NaN]));
    const gradients = new Map(names.map((name) => [name, floats(outputs, gradientName(name))]));
    return { losses: losses as StepLosses, gradients };
  }

  private modeOf(mode: { train: boolean; slopesWanted: boolean; slopes?: Tensor | undefined }): Record<string, Feed> {
    const flag = (on: boolean): Feed => ({ type: 'bool', shape: [], data: Uint8Array.of(on ? 1 : 0) });
    return {
      train: flag(mode.train),
      slopesWanted: flag(mode.slopesWanted),
      reuse: flag(mode.slopes !== undefined),
      knownSlopes: mode.slopes ?? { shape: [0, this.config.hidden], data: new Float32Array() },
    };
  }

  async close(): Promise<void> {
    await Promise.all([this.prefix.close(), this.step.close()]);
  }
}

function feedsOf(parameters: NamedTensors, batch: Minibatch, old: OldEstimates): Record<string, Feed> {
  const feeds: Record<string, Feed> = { ...batch.feeds };
  for (const [name, data] of Object.entries(old) as [string, Float32Array][])
    feeds[name] = { shape: [data.length], data };
  for (const [name, tensor] of parameters) feeds[name] = tensor;
  return feeds;
}

function floats(outputs: Readonly<Record<string, Feed>>, name: string): Tensor {
  const output = outputs[name];
  if (output === undefined || !(output.data instanceof Float32Array)) throw missing(name);
  return { shape: output.shape, data: output.data };
}

function missing(name: string): TuningError {
  return new TuningError('tuning.output-missing', `The step model gave no numbers for ${name}.`);
}
