import './without-telemetry.ts';
import * as ort from 'onnxruntime-node';
import type { OnnxModel } from './compile-model.ts';
import { GraphError } from './graph-error.ts';
import type { ElementData, ElementType } from './value.ts';
import { withModelFile } from './with-model-file.ts';

/** A tensor that is fed or fetched; `type` defaults to float32. Bool is one byte an element. */
export interface Feed {
  readonly type?: ElementType;
  readonly shape: readonly number[];
  readonly data: ElementData;
}

export interface SessionOptions {
  /** Threads of one run. Default 1. */
  readonly threads?: number;
  /**
   * Keep frozen matrices reordered for the processor, once a direction: a step takes some 10 % less time (evaluating few
   * rows half), but a base that gradients flow through is in memory twice. Without, it is mapped from its file, and
   * sessions of several workers on one file would share it. Default true.
   */
  readonly prepack?: boolean;
  /**
   * Microseconds for which a thread that has nothing to do keeps its processor busy before it sleeps. Default 0;
   * `SPIN_ALONE_MICROSECONDS` for a session that has `threads` processors to itself.
   */
  readonly spinMicroseconds?: number;
  /** Where ONNX Runtime writes a trace of every node's time, read by Chrome's tracing page. */
  readonly profile?: string;
}

/**
 * Bridges most gaps between operators, since waking a thread costs small ones much. Measured on two processors: steps of
 * 6 × 384 take 88 ms for 103, of 4 × 768 170 for 181; longer brings no more, and beside other work it takes their time
 * (6 × 384 beside several busy programs: 1.1 times as long with 50, 1.4 with 200, 1.9 with no limit).
 */
export const SPIN_ALONE_MICROSECONDS = 50;

/** A compiled model, ready to run. `run` blocks its thread: open sessions in a worker. */
export class Session {
  private readonly session: ort.InferenceSession;
  private open = true;

  private constructor(session: ort.InferenceSession) {
    this.session = session;
  }

  /** The model may be dropped afterwards: nothing of it is referred to. */
  static async open(model: OnnxModel, options: SessionOptions = {}): Promise<Session> {
    const settings = sessionSettings(options);
    return new Session(
      model.weights.length === 0
        ? await created(ort.InferenceSession.create(model.bytes, settings))
        : await withModelFile(model, async (path) => created(ort.InferenceSession.create(path, settings))),
    );
  }

  get outputNames(): readonly string[] {
    return this.session.outputNames;
  }

  /** Runs the graph; `fetches` defaults to all outputs. Each fetched output is a copy of its own. */
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

  /** Frees the session and writes the profile, when one was asked for; further runs fail. */
  async close(): Promise<void> {
    if (!this.open) return;
    this.open = false;
    this.session.endProfiling();
    await this.session.release();
  }
}

async function created(session: Promise<ort.InferenceSession>): Promise<ort.InferenceSession> {
  try {
    return await session;
  } catch (cause) {
    throw new GraphError('open', `ONNX Runtime refuses the model: ${reasonOf(cause)}`, { cause });
  }
}

function sessionSettings({
  threads = 1,
  prepack = true,
  spinMicroseconds = 0,
  profile,
}: SessionOptions): ort.InferenceSession.SessionOptions {
  return {
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
    executionMode: 'sequential',
    graphOptimizationLevel: 'all',
    // Batches of differing lengths would each leave a memory plan behind.
    enableMemPattern: false,
    logSeverityLevel: 3,
    ...(profile === undefined ? {} : { enableProfiling: true, profileFilePrefix: profile }),
    extra: {
      session: {
        intra_op: { allow_spinning: spinMicroseconds > 0 ? '1' : '0', spin_duration_us: String(spinMicroseconds) },
        disable_prepacking: prepack ? '0' : '1',
        use_device_allocator_for_initializers: '1',
      },
      // The fused kernel takes statistics in scalar loops: 1.2 ms where Add and LayerNormalization take 0.4 (512 × 768).
      optimization: { disable_specified_optimizers: 'SkipLayerNormFusion' },
    },
  };
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
