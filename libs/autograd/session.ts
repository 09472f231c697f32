import * as ort from 'onnxruntime-node';
import type { OnnxModel } from './compile-model.ts';
import { GraphError } from './graph-error.ts';
import type { ElementData, ElementType } from './value.ts';

/** A tensor that is fed or fetched; `type` defaults to float32. Bool is one byte an element. */
export interface Feed {
  readonly type?: ElementType;
  readonly shape: readonly number[];
  readonly data: ElementData;
}

export interface SessionOptions {
  /** Threads of one run. Default 1. */
  readonly threads?: number;
  /** Reorder constant matrices when opening: faster below some 100 rows, but weights that serve both ways are kept twice. Default false. */
  readonly prepack?: boolean;
  /** Where ONNX Runtime writes a trace of every node's time, read by Chrome's tracing page. */
  readonly profile?: string;
}

/** A compiled model, ready to run. `run` blocks its thread: open sessions in a worker. */
export class Session {
  private readonly session: ort.InferenceSession;
  /** ONNX Runtime reads the weights in place, so they must outlive the session. */
  private weights: OnnxModel['external'] | undefined;

  private constructor(session: ort.InferenceSession, weights: OnnxModel['external']) {
    this.session = session;
    this.weights = weights;
  }

  static async open(model: OnnxModel, options: SessionOptions = {}): Promise<Session> {
    const { threads = 1, prepack = false, profile } = options;
    try {
      const session = await ort.InferenceSession.create(model.bytes, {
        intraOpNumThreads: threads,
        interOpNumThreads: 1,
        executionMode: 'sequential',
        graphOptimizationLevel: 'all',
        // Batches of differing lengths would each leave a memory plan behind.
        enableMemPattern: false,
        logSeverityLevel: 3,
        externalData: [...model.external].map(([path, data]) => ({ path, data })),
        ...(profile === undefined ? {} : { enableProfiling: true, profileFilePrefix: profile }),
        extra: {
          session: { intra_op: { allow_spinning: '0' }, disable_prepacking: prepack ? '0' : '1' },
        },
      });
      return new Session(session, model.external);
    } catch (cause) {
      throw new GraphError('open', `ONNX Runtime refuses the model: ${reasonOf(cause)}`, { cause });
    }
  }

  get outputNames(): readonly string[] {
    return this.session.outputNames;
  }

  /** Runs the graph; `fetches` defaults to all outputs. */
  async run(
    feeds: Readonly<Record<string, Feed>>,
    fetches?: readonly string[],
  ): Promise<Record<string, Required<Feed>>> {
    const inputs: Record<string, ort.Tensor> = {};
    for (const [name, { type = 'float32', shape, data }] of Object.entries(feeds)) {
      inputs[name] = new ort.Tensor(type, data, shape);
    }
    try {
      const results = await this.session.run(inputs, [...(fetches ?? this.session.outputNames)]);
      return Object.fromEntries(Object.entries(results).map(([name, tensor]) => [name, fetched(name, tensor)]));
    } catch (cause) {
      throw new GraphError('run', `ONNX Runtime cannot run the graph: ${reasonOf(cause)}`, { cause });
    }
  }

  /** Frees the session; further runs fail. Ends the profile, when there is one. */
  async close(): Promise<void> {
    if (this.weights === undefined) return;
    await this.session.release();
    this.weights = undefined;
  }

  /** Writes the profile asked for by `profile`. */
  endProfiling(): void {
    this.session.endProfiling();
  }
}

function fetched(name: string, tensor: ort.Tensor): Required<Feed> {
  const { type, data, dims: shape } = tensor;
  if (type === 'float32' && data instanceof Float32Array) return { type, shape, data };
  if (type === 'int64' && data instanceof BigInt64Array) return { type, shape, data };
  if (type === 'bool' && data instanceof Uint8Array) return { type, shape, data };
  throw new GraphError('run', `The output ${name} is ${type}, which is not read back.`);
}

function reasonOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}
