import { Injectable, Logger } from '@nestjs/common';
import { AnswerDownload } from './answer-download.ts';
import type { DownloadJob } from './download-jobs.ts';
import { Experiments } from './experiments.ts';
import { JobQueue } from './job-queue.ts';
import { TrainerObserver } from './observer.ts';
import type { OpenExperiment } from './open-experiment.ts';

/** How often a job looks whether its global model has arrived. */
const LOOK_AGAIN_MS = 500;

/** The loop outside the handlers: answers downloads one after another, or two at a time where the spec says so. */
@Injectable()
export class TrainLocally {
  private readonly log = new Logger(TrainLocally.name);
  private readonly experiments: Experiments;
  private readonly answerDownload: AnswerDownload;
  private readonly observer: TrainerObserver;
  private readonly queues = new WeakMap<OpenExperiment, JobQueue<DownloadJob>>();

  constructor(experiments: Experiments, answerDownload: AnswerDownload, observer: TrainerObserver) {
    this.experiments = experiments;
    this.answerDownload = answerDownload;
    this.observer = observer;
  }

  /**
   * Begins as soon as the experiment is open. If it is not even submitted yet, or the profile that the job is to be done by has
   * not come, the job waits on disk for {@link resume}.
   */
  start(id: string, job: DownloadJob): void {
    this.experiments.find(id)?.then(
      (experiment) => this.enqueue(experiment, job),
      // Why it could not be opened was said in enrolment.refused.
      () => undefined,
    );
  }

  private async enqueue(experiment: OpenExperiment, job: DownloadJob): Promise<void> {
    try {
      if (!(await experiment.profiles.knows(job.client, job.profile))) return;
      this.queueOf(experiment).add(`${job.round}/${job.client}`, job);
    } catch (error) {
      this.observer.fault(error instanceof Error ? error : new Error(String(error)));
    }
  }

  /** As {@link resume}, where the experiment is open or about to be. */
  async resumeOpen(id: string): Promise<void> {
    const experiment = await this.experiments.find(id)?.catch(() => undefined);
    if (experiment !== undefined) await this.resume(experiment);
  }

  /** Takes up what was stored but not answered when the process last ended. */
  async resume(experiment: OpenExperiment): Promise<void> {
    for (const job of await experiment.jobs.pending()) this.start(experiment.id, job);
  }

  private queueOf(experiment: OpenExperiment): JobQueue<DownloadJob> {
    const known = this.queues.get(experiment);
    if (known !== undefined) return known;
    const queue = new JobQueue(experiment.spec.training.parallel, (job: DownloadJob) => this.answer(experiment, job));
    this.queues.set(experiment, queue);
    return queue;
  }

  private async answer(experiment: OpenExperiment, job: DownloadJob): Promise<void> {
    if (!this.experiments.isOpen(experiment.id)) return;
    try {
      const standing = await this.answerDownload.standing(experiment, job);
      if (standing === 'early') {
        setTimeout(() => {
          this.start(experiment.id, job);
        }, LOOK_AGAIN_MS).unref();
        return;
      }
      if (standing === 'over') this.log.warn(`round ${job.round} of ${job.client} in ${experiment.id} is passed over`);
      else await this.answerDownload.handle(experiment, job);
      await experiment.jobs.remove(job);
    } catch (error) {
      // Closing gives up what is under way; the job is still on disk.
      if (!this.experiments.isOpen(experiment.id)) return;
      this.observer.fault(error instanceof Error ? error : new Error(String(error)));
    }
  }
}
