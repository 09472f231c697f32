import type { TensorRecipe } from '../clients/tensor-recipe.ts';
import type { TuningBase } from '../learner/classifier-session.ts';
import { JobPool } from './job-pool.ts';
import type { RequiredBase } from './require-base.ts';
import type {
  EvaluateAnswer,
  EvaluateRequest,
  InitialAnswer,
  StepProgress,
  TuneAnswer,
  TuneRequest,
  TuningWork,
  WorkerBase,
} from './tuning-messages.ts';
import { workerFile } from './worker-thread.ts';

export interface TuningPoolOptions extends TuningBase, RequiredBase {
  readonly maxTokens: number;
  /** Workers, each of which holds a base of its own. */
  readonly parallel: number;
  /** ONNX Runtime's threads in all, default the machine's cores; shared out evenly. */
  readonly threads?: number;
}

/**
 * Training of classifiers in worker threads. Byte arrays of a request are handed over, not copied: the caller cannot read
 * them any more.
 */
export class TuningPool {
  private readonly jobs: JobPool<WorkerBase, TuningWork, StepProgress>;
  private shape: TuningBase['shape'];

  constructor({ parallel, threads, ...base }: TuningPoolOptions) {
    this.shape = base.shape;
    this.jobs = new JobPool(base, { worker: workerFile(import.meta.url, 'tuning-worker'), parallel, threads });
  }

  /** From the next job on these blocks may have a LoRA too. A client without one computes the same as before. */
  widen(blocks: readonly number[]): void {
    const { loraBlocks } = this.shape;
    const wider = [...new Set([...loraBlocks, ...blocks])].sort((a, b) => a - b);
    if (wider.length === loraBlocks.length) return;
    this.shape = { ...this.shape, loraBlocks: wider };
    this.jobs.rebase({ shape: this.shape });
  }

  /** Trains one client. Rejects with a TuningError that has the worker's code; a loss that is not finite is an answer. */
  tune(request: Omit<TuneRequest, 'kind'>, onProgress?: (progress: StepProgress) => void): Promise<TuneAnswer> {
    const moments = request.moments === undefined ? [] : [request.moments.averages];
    return this.jobs.run({ kind: 'tune', ...request }, [...request.parts, ...moments], onProgress);
  }

  /** Evaluates one client on each of the sets. */
  evaluate(request: Omit<EvaluateRequest, 'kind'>): Promise<EvaluateAnswer> {
    return this.jobs.run({ kind: 'evaluate', ...request }, request.parts);
  }

  /** Tensors before any training, one safetensors for each recipe. */
  async initial(recipes: readonly TensorRecipe[]): Promise<readonly Uint8Array[]> {
    const { parts } = await this.jobs.run<InitialAnswer>({ kind: 'initial', recipes }, []);
    return parts;
  }

  /** Gives up the jobs that are under way, each before its next batch, and ends the workers. */
  close(): Promise<void> {
    return this.jobs.close();
  }
}
