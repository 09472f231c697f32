/** Runs jobs in order of arrival, at most `parallel` at a time; a job whose key waits or runs already is not taken again. */
export class JobQueue<Job> {
  private readonly parallel: number;
  private readonly run: (job: Job) => Promise<void>;
  private readonly keys = new Set<string>();
  private readonly waiting: { readonly key: string; readonly job: Job }[] = [];
  private running = 0;

  /** `run` must not reject. */
  constructor(parallel: number, run: (job: Job) => Promise<void>) {
    this.parallel = parallel;
    this.run = run;
  }

  add(key: string, job: Job): void {
    if (this.keys.has(key)) return;
    this.keys.add(key);
    this.waiting.push({ key, job });
    this.fill();
  }

  private fill(): void {
    while (this.running < this.parallel) {
      const next = this.waiting.shift();
      if (next === undefined) return;
      this.running += 1;
      void this.run(next.job).finally(() => {
        this.running -= 1;
        this.keys.delete(next.key);
        this.fill();
      });
    }
  }
}
