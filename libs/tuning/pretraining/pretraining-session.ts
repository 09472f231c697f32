import { Session, type Feed } from '#autograd';
import { buildMaskedLanguageModelStep, gradientName, type EncoderConfig } from '#language-models';
import type { NamedTensors, Tensor } from '#parameters';
import { TuningError } from '../tuning-error.ts';
import type { MaskedBatch } from './mask-tokens.ts';

/** The compiled pre-training step: all parameters are fed in each run. */
export class PretrainingSession {
  private readonly session: Session;

  private constructor(session: Session) {
    this.session = session;
  }

  static async open(config: EncoderConfig, threads: number): Promise<PretrainingSession> {
    return new PretrainingSession(await Session.open(buildMaskedLanguageModelStep(config).model, { threads }));
  }

  /** Mean loss over the batch's masked tokens, and the gradient of every parameter. */
  async gradients(parameters: NamedTensors, batch: MaskedBatch): Promise<{ loss: number; gradients: NamedTensors }> {
    const names = [...parameters.keys()];
    const outputs = await this.session.run(feeds(parameters, batch, true), ['loss', ...names.map(gradientName)]);
    const gradients = new Map<string, Tensor>(names.map((name) => [name, floats(outputs, gradientName(name))]));
    return { loss: floats(outputs, 'loss').data[0] ?? NaN, gradients };
  }

  /** Mean loss over the batch's masked tokens, and how many of them are predicted right. */
  async score(parameters: NamedTensors, batch: MaskedBatch): Promise<{ loss: number; correct: number }> {
    const outputs = await this.session.run(feeds(parameters, batch, false), ['loss', 'correct']);
    return { loss: floats(outputs, 'loss').data[0] ?? NaN, correct: Number(outputs['correct']?.data[0] ?? 0) };
  }

  close(): Promise<void> {
    return this.session.close();
  }
}

function feeds(parameters: NamedTensors, batch: MaskedBatch, train: boolean): Record<string, Feed> {
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
