import { Session, SPIN_ALONE_MICROSECONDS, type Feed } from '#autograd';
import { gradientName, type StepModel } from '#language-models';
import type { NamedTensors, Tensor } from '#parameters';
import { TuningError } from '../tuning-error.ts';
import type { TokenBatch } from './token-batch.ts';

/** A compiled step that predicts tokens; all that is trained is fed in each run. */
export class TokenSession {
  private readonly session: Session;

  private constructor(session: Session) {
    this.session = session;
  }

  static async open({ model }: StepModel, threads: number): Promise<TokenSession> {
    const spinMicroseconds = threads > 1 ? SPIN_ALONE_MICROSECONDS : 0;
    return new TokenSession(await Session.open(model, { threads, spinMicroseconds }));
  }

  /** Mean loss over the batch's targets, and the gradient of every parameter. */
  async gradients(parameters: NamedTensors, batch: TokenBatch): Promise<{ loss: number; gradients: NamedTensors }> {
    const names = [...parameters.keys()];
    const outputs = await this.session.run(feeds(parameters, batch, true), ['loss', ...names.map(gradientName)]);
    const gradients = new Map<string, Tensor>(names.map((name) => [name, floats(outputs, gradientName(name))]));
    return { loss: floats(outputs, 'loss').data[0] ?? NaN, gradients };
  }

  /** Mean loss over the batch's targets, and how many of them are predicted right. */
  async score(parameters: NamedTensors, batch: TokenBatch): Promise<{ loss: number; correct: number }> {
    const outputs = await this.session.run(feeds(parameters, batch, false), ['loss', 'correct']);
    return { loss: floats(outputs, 'loss').data[0] ?? NaN, correct: Number(outputs['correct']?.data[0] ?? 0) };
  }

  close(): Promise<void> {
    return this.session.close();
  }
}

function feeds(parameters: NamedTensors, batch: TokenBatch, train: boolean): Record<string, Feed> {
  const { rows, columns, ids, mask, places, targets } = batch;
  return {
    ...Object.fromEntries(parameters),
    ids: { type: 'int64', shape: [rows, columns], data: ids },
    mask: { type: 'int64', shape: [rows, columns], data: mask },
    rows: { type: 'int64', shape: [places.length], data: places },
    targets: { type: 'int64', shape: [targets.length], data: targets },
    train: { type: 'bool', shape: [], data: Uint8Array.of(train ? 1 : 0) },
  };
}

function floats(outputs: Readonly<Record<string, Feed>>, name: string): Tensor {
  const output = outputs[name];
  if (output === undefined || !(output.data instanceof Float32Array))
    throw new TuningError('tuning.output-missing', `The step model gave no numbers for ${name}.`);
  return { shape: output.shape, data: output.data };
}
