import { JobPool } from '../../workers/job-pool.ts';
import { workerFile } from '../../workers/worker-thread.ts';
import type {
  InitialPolicyAnswer,
  PolicyBase,
  PolicyRequest,
  RolloutAnswer,
  RolloutRequest,
  UpdateAnswer,
  UpdateRequest,
} from './ppo-messages.ts';

export interface PolicyPoolOptions extends PolicyBase {
  /** Workers, each of which holds a base of its own. */
  readonly parallel: number;
  readonly threads?: number;
}

/**
 * Rollouts and updates of any client's policy in worker threads. Each is a job of its own: while a client waits for its
 * rewards, the worker serves others. Byte arrays of a request are handed over: the caller cannot read them any more.
 */
export class PolicyPool {
  private readonly jobs: JobPool<PolicyBase, PolicyRequest>;

  constructor({ parallel, threads, ...base }: PolicyPoolOptions) {
    this.jobs = new JobPool(base, { worker: workerFile(import.meta.url, 'ppo-worker'), parallel, threads });
  }

  /** Draws completions. Rejects with `ppo.prompts-too-long` when no prompt leaves room. */
  rollout(request: Omit<RolloutRequest, 'kind'>): Promise<RolloutAnswer> {
    return this.jobs.run({ kind: 'rollout', ...request }, [request.tuned]);
  }

  update(request: Omit<UpdateRequest, 'kind'>): Promise<UpdateAnswer> {
    const moments = request.moments === undefined ? [] : [request.moments.averages];
    return this.jobs.run({ kind: 'update', ...request }, [...request.parts, request.global, ...moments]);
  }

  /** Tuned tensors and value head before any training, as safetensors. */
  async initial(): Promise<readonly Uint8Array[]> {
    const { parts } = await this.jobs.run<InitialPolicyAnswer>({ kind: 'initial' }, []);
    return parts;
  }

  /** Gives up the jobs that are under way, each before its next batch, and ends the workers. */
  close(): Promise<void> {
    return this.jobs.close();
  }
}
