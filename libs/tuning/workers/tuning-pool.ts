import { availableParallelism } from 'node:os';
import { MessageChannel, type Transferable } from 'node:worker_threads';
import { SPIN_ALONE_MICROSECONDS } from '#autograd';
import { Piscina } from 'piscina';
import type { TensorRecipe } from '../clients/tensor-recipe.ts';
import type { TuningBase } from '../learner/classifier-session.ts';
import { errorOf, givenUp, type JobFailure } from './job-failure.ts';
import type {
  EvaluateAnswer,
  EvaluateRequest,
  InitialAnswer,
  StepProgress,
  TuneAnswer,
  TuneRequest,
  WorkerBase,
  WorkerJob,
} from './tuning-messages.ts';
import { workerFile, workerFlags } from './worker-thread.ts';

export interface TuningPoolOptions extends TuningBase {
  readonly maxTokens: number;
  /** Workers, each of which holds a base of its own. */
  readonly parallel: number;
  /** ONNX Runtime's threads in all, default the machine's cores; shared out evenly. */
  readonly threads?: number;
}

/**
 * Training in worker threads, so that the caller's event loop stays free. Each job is self-contained: its answer depends
 * on nothing but the request, whichever worker serves it, with whatever came before.
 * Byte arrays of a request are handed over, not copied: the caller cannot read them any more.
 */
export class TuningPool {
  private readonly pool: Piscina;
  private readonly base: WorkerBase;
  private readonly stop = new Int32Array(new SharedArrayBuffer(4));
  private readonly running = new Set<Promise<unknown>>();

  constructor({ modelFolder, shape, maxTokens, parallel, threads = availableParallelism() }: TuningPoolOptions) {
    this.base = {
      modelFolder,
      shape,
      maxTokens,
      threads: Math.max(1, Math.floor(threads / parallel)),
      spinMicroseconds: parallel === 1 ? SPIN_ALONE_MICROSECONDS : 0,
    };
    this.pool = new Piscina({
      filename: workerFile(import.meta.url, 'tuning-worker').href,
      execArgv: workerFlags(import.meta.url),
      minThreads: parallel,
      maxThreads: parallel,
      concurrentTasksPerWorker: 1,
    });
  }

  /** Trains one client. Rejects with a TuningError that has the worker's code; a loss that is not finite is an answer. */
  tune(request: Omit<TuneRequest, 'kind'>, onProgress?: (progress: StepProgress) => void): Promise<TuneAnswer> {
    const moments = request.moments === undefined ? [] : [request.moments.averages];
    return this.run({ kind: 'tune', ...request }, [...request.parts, ...moments], onProgress);
  }

  /** Evaluates one client on each of the sets. */
  evaluate(request: Omit<EvaluateRequest, 'kind'>): Promise<EvaluateAnswer> {
    return this.run({ kind: 'evaluate', ...request }, request.parts);
  }

  /** Tensors before any training, one safetensors for each recipe. */
  async initial(recipes: readonly TensorRecipe[]): Promise<readonly Uint8Array[]> {
    const { parts } = await this.run<InitialAnswer>({ kind: 'initial', recipes }, []);
    return parts;
  }

  /**
   * Gives up the jobs that are under way, each before its next batch, and ends the workers. A thread that is ended inside
   * of ONNX Runtime would take the whole process with it.
   */
  async close(): Promise<void> {
    Atomics.store(this.stop, 0, 1);
    await Promise.allSettled(this.running);
    await this.pool.destroy();
  }

  private async run<Answer extends { outcome: string }>(
    request: WorkerJob['request'],
    handedOver: readonly Uint8Array[],
    onProgress?: (progress: StepProgress) => void,
  ): Promise<Answer> {
    if (Atomics.load(this.stop, 0) === 1) throw givenUp();
    const transferList: Transferable[] = handedOver.map(({ buffer }) => buffer as ArrayBuffer);
    const job: { -readonly [K in keyof WorkerJob]: WorkerJob[K] } = { base: this.base, request, stop: this.stop };
    if (onProgress !== undefined) {
      const { port1, port2 } = new MessageChannel();
      port1.on('message', onProgress);
      // A job that never reaches a worker leaves its port open; that must not keep the process alive.
      port1.unref();
      job.progress = port2;
      transferList.push(port2);
    }
    const running = this.pool.run(job, { transferList }) as Promise<Answer | JobFailure>;
    this.running.add(running);
    try {
      const answer = await running;
      if (!isFailure(answer)) return answer;
      throw errorOf(answer);
    } finally {
      this.running.delete(running);
    }
  }
}

function isFailure(answer: { outcome: string }): answer is JobFailure {
  return answer.outcome === 'failed';
}
