import { Session, SPIN_ALONE_MICROSECONDS, type Feed } from '#autograd';
import { buildPreferenceStep, gradientName, paddingFor, type RewardBase, type TrainedPart } from '#language-models';
import type { NamedTensors, Tensor } from '#parameters';
import { RewardError } from '../reward-error.ts';
import { padSequences } from '../scoring/token-batches.ts';
import type { TokenisedPair } from './tokenised-pair.ts';

/** The compiled step of training from ranked pairs. `run` blocks its thread: open it in a worker. */
export class PreferenceSession {
  private readonly session: Session;
  private readonly padTokenId: number;

  private constructor(session: Session, padTokenId: number) {
    this.session = session;
    this.padTokenId = padTokenId;
  }

  static async open(weights: RewardBase, part: TrainedPart, threads: number): Promise<PreferenceSession> {
    const { model } = buildPreferenceStep(weights, part);
    const session = await Session.open(model, { threads, spinMicroseconds: SPIN_ALONE_MICROSECONDS });
    return new PreferenceSession(session, paddingFor(weights.config));
  }

  /** Mean loss of the pairs and the gradient of every parameter that is given. */
  async gradients(
    parameters: NamedTensors,
    pairs: readonly TokenisedPair[],
  ): Promise<{ readonly loss: number; readonly gradients: NamedTensors }> {
    const names = [...parameters.keys()];
    const outputs = await this.session.run(this.feeds(parameters, pairs, true), ['loss', ...names.map(gradientName)]);
    const gradients = new Map<string, Tensor>(names.map((name) => [name, floats(outputs, gradientName(name))]));
    return { loss: floats(outputs, 'loss').data[0] ?? NaN, gradients };
  }

  /** The score differences chosen − rejected. */
  async differences(parameters: NamedTensors, pairs: readonly TokenisedPair[]): Promise<number[]> {
    const { data } = floats(await this.session.run(this.feeds(parameters, pairs, false), ['scores']), 'scores');
    return pairs.map((_, i) => (data[2 * i] ?? NaN) - (data[2 * i + 1] ?? NaN));
  }

  close(): Promise<void> {
    return this.session.close();
  }

  private feeds(parameters: NamedTensors, pairs: readonly TokenisedPair[], train: boolean): Record<string, Feed> {
    const sequences = pairs.flatMap(({ chosen, rejected }) => [chosen, rejected]);
    const { shape, ids, mask } = padSequences(sequences, this.padTokenId);
    return {
      ...Object.fromEntries(parameters),
      ids: { type: 'int64', shape, data: ids },
      mask: { type: 'int64', shape, data: mask },
      labels: { type: 'int64', shape: [pairs.length], data: new BigInt64Array(pairs.length) },
      train: { type: 'bool', shape: [], data: Uint8Array.of(train ? 1 : 0) },
    };
  }
}

function floats(outputs: Readonly<Record<string, Feed>>, name: string): Tensor {
  const output = outputs[name];
  if (output === undefined || !(output.data instanceof Float32Array))
    throw new RewardError('reward.output-missing', `The step model gave no numbers for ${name}.`);
  return { shape: output.shape, data: output.data };
}
