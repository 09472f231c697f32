import { availableParallelism } from 'node:os';
import { MessageChannel, type MessagePort, type Transferable } from 'node:worker_threads';
import { SPIN_ALONE_MICROSECONDS } from '#autograd';
import { Piscina } from 'piscina';
import { errorOf, givenUp, type JobFailure } from './job-failure.ts';
import { workerFlags } from './worker-thread.ts';

export interface JobPoolOptions {
  /** The file of the workers' entry. */
  readonly worker: URL;
  readonly parallel: number;
  /** ONNX Runtime's threads in all, default the machine's cores; shared out evenly. */
  readonly threads?: number | undefined;
}

/** How many threads each worker's sessions have, and how long these wait without sleeping. */
export interface WorkerThreads {
  readonly threads: number;
  readonly spinMicroseconds: number;
}

/** One job as it crosses to a worker. */
export interface Job<Base, Request> {
  /** What the worker must have open. */
  readonly base: Base & WorkerThreads;
  readonly request: Request;
  /** One shared word: 1 asks the worker to give up before its next batch. */
  readonly stop: Int32Array;
  /** Receives what the request's progress is. */
  readonly progress?: MessagePort;
}

/**
 * Jobs in worker threads, so that the caller's event loop stays free. Each job is self-contained: its answer depends on
 * nothing but base and request, whichever worker serves it, with whatever came before.
 */
export class JobPool<Base, Request, Progress = never> {
  private readonly pool: Piscina;
  private base: Base & WorkerThreads;
  private readonly stop = new Int32Array(new SharedArrayBuffer(4));
  private readonly running = new Set<Promise<unknown>>();

  constructor(base: Base, { worker, parallel, threads = availableParallelism() }: JobPoolOptions) {
    this.base = {
      ...base,
      threads: Math.max(1, Math.floor(threads / parallel)),
      spinMicroseconds: parallel === 1 ? SPIN_ALONE_MICROSECONDS : 0,
    };
    this.pool = new Piscina({
      filename: worker.href,
      execArgv: workerFlags(worker.href),
      minThreads: parallel,
      maxThreads: parallel,
      concurrentTasksPerWorker: 1,
    });
  }

  /** What the jobs that are asked for from now on need open; a worker that has something else open opens this instead. */
  rebase(change: Partial<Base>): void {
    this.base = { ...this.base, ...change };
  }

  /** Runs one job; the byte arrays in `handedOver` cannot be read any more. Rejects with a TuningError that has the worker's code. */
  async run<Answer extends { outcome: string }>(
    request: Request,
    handedOver: readonly Uint8Array[],
    onProgress?: (progress: Progress) => void,
  ): Promise<Answer> {
    if (Atomics.load(this.stop, 0) === 1) throw givenUp();
    const transferList: Transferable[] = handedOver.map(({ buffer }) => buffer as ArrayBuffer);
    const job: { -readonly [K in keyof Job<Base, Request>]: Job<Base, Request>[K] } = {
      base: this.base,
      request,
      stop: this.stop,
    };
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

  /**
   * Gives up the jobs that are under way, each before its next batch, and ends the workers. A thread that is ended inside
   * of ONNX Runtime would take the whole process with it.
   */
  async close(): Promise<void> {
    Atomics.store(this.stop, 0, 1);
    await Promise.allSettled(this.running);
    await this.pool.destroy();
  }
}

function isFailure(answer: { outcome: string }): answer is JobFailure {
  return answer.outcome === 'failed';
}
