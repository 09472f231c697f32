import { Session, type Feed, type SessionOptions } from '#autograd';
import {
  buildClassifierStep,
  gradientName,
  inPrecision,
  savesMemory,
  withEncoder,
  type ComputedIn,
  type EncoderConfig,
  type PersonalisationShape,
  type TrainableInput,
} from '#language-models';
import { elementCount, type NamedTensors, type Tensor } from '#parameters';
import type { PaddedBatch } from '../batches/pad-batch.ts';
import { TuningError } from '../tuning-error.ts';

/** The frozen base that clients tune on: a Hugging Face folder, how it is computed (in fp32 by default), and what can be trained on it over all clients together. */
export interface TuningBase extends Partial<ComputedIn> {
  readonly modelFolder: string;
  readonly shape: PersonalisationShape;
}

/** One frozen base, ready to train and evaluate any client's tensors. `run` blocks its thread: open it in a worker. */
export class ClassifierSession {
  readonly config: EncoderConfig;
  private readonly session: Session;
  private readonly trainable: readonly TrainableInput[];
  private readonly hasLora: boolean;
  /** Asked before each batch; what it throws gives up the work that is under way. */
  beforeBatch: () => void = () => undefined;

  private constructor(session: Session, trainable: readonly TrainableInput[], config: EncoderConfig, hasLora: boolean) {
    this.session = session;
    this.trainable = trainable;
    this.config = config;
    this.hasLora = hasLora;
  }

  /** Reads the encoder, one tensor at a time, into the compiled step; throws ModelError when the folder is not a model, GraphError when ONNX Runtime refuses it. */
  static async open(
    { modelFolder, shape, precision = 'fp32', gradients }: TuningBase,
    { threads = 1, spinMicroseconds = 0 }: SessionOptions,
  ): Promise<ClassifierSession> {
    return withEncoder(modelFolder, async (encoder) => {
      const weights = await inPrecision(encoder, { precision, modelFolder, gradients });
      const { model, trainable } = buildClassifierStep(weights, shape);
      const session = await Session.open(model, { threads, spinMicroseconds, prepack: !savesMemory(weights) });
      return new ClassifierSession(session, trainable, encoder.config, shape.loraBlocks.length > 0);
    });
  }

  get padTokenId(): number {
    return this.config.padTokenId;
  }

  /** Mean loss of the batch and the gradient of every parameter that is given. */
  async gradients(
    parameters: NamedTensors,
    batch: PaddedBatch,
    loraScale: number,
  ): Promise<{ readonly loss: number; readonly gradients: NamedTensors }> {
    this.beforeBatch();
    const fetches = [...parameters.keys()].map(gradientName);
    const outputs = await this.session.run(this.feeds(parameters, batch, loraScale, true), ['loss', ...fetches]);
    const gradients = new Map<string, Tensor>();
    for (const name of parameters.keys()) gradients.set(name, floats(outputs, gradientName(name)));
    return { loss: floats(outputs, 'loss').data[0] ?? NaN, gradients };
  }

  /** Logits [rows, labels] of the batch: of each row the same bits whatever its batch-mates, and without any. */
  async logits(parameters: NamedTensors, batch: PaddedBatch, loraScale: number): Promise<Tensor> {
    this.beforeBatch();
    // Of a single row, ONNX Runtime (1.30) sums fp32 products in another order than of two and more.
    const asked = batch.rows === 1 ? twice(batch) : batch;
    const logits = floats(
      await this.session.run(this.feeds(parameters, asked, loraScale, false), ['logits']),
      'logits',
    );
    const labels = logits.shape[1] ?? 0;
    return { shape: [batch.rows, labels], data: logits.data.slice(0, batch.rows * labels) };
  }

  close(): Promise<void> {
    return this.session.close();
  }

  private feeds(parameters: NamedTensors, batch: PaddedBatch, loraScale: number, train: boolean): Record<string, Feed> {
    const { rows, columns, ids, mask, labels } = batch;
    const feeds: Record<string, Feed> = {
      ids: { type: 'int64', shape: [rows, columns], data: ids },
      mask: { type: 'int64', shape: [rows, columns], data: mask },
      labels: { type: 'int64', shape: [rows], data: labels },
      train: { type: 'bool', shape: [], data: Uint8Array.of(train ? 1 : 0) },
    };
    if (this.hasLora) feeds['loraScale'] = { shape: [], data: Float32Array.of(loraScale) };
    for (const input of this.trainable) feeds[input.name] = parameters.get(input.name) ?? inert(input);
    return feeds;
  }
}

/** The one row of a batch, and the same again. */
function twice({ columns, ids, mask, labels }: PaddedBatch): PaddedBatch {
  const copied = (row: BigInt64Array): BigInt64Array => BigInt64Array.of(...row, ...row);
  return { rows: 2, columns, ids: copied(ids), mask: copied(mask), labels: copied(labels) };
}

/** A LoRA that this client has not, in a block where another client has one: zeros of rank 1 add nothing. */
function inert({ name, shape }: TrainableInput): Tensor {
  if (!name.startsWith('lora.'))
    throw new TuningError('tuning.tensor-missing', `The client's parameters lack the tensor ${name}.`);
  const dimensions = shape.map((dimension) => (typeof dimension === 'number' ? dimension : 1));
  return { shape: dimensions, data: new Float32Array(elementCount(dimensions)) };
}

function floats(outputs: Readonly<Record<string, Feed>>, name: string): Tensor {
  const output = outputs[name];
  if (output === undefined || !(output.data instanceof Float32Array))
    throw new TuningError('tuning.output-missing', `The step model gave no numbers for ${name}.`);
  return { shape: output.shape, data: output.data };
}
