import { ownIterations } from '#methods';
import { checkTensors, decodeSafetensors, digestOf } from '#parameters';
import { BlobStore } from '#storage';
import { Injectable } from '@nestjs/common';
import { FIRST_VERSION } from './changed-profiles.ts';
import type { Answer, ArmEvaluation, ArmName, ArmTensors } from './client-state.ts';
import type { DownloadJob } from './download-jobs.ts';
import { Experiments } from './experiments.ts';
import { TrainerObserver } from './observer.ts';
import type { HostedClient } from './hosted-client.ts';
import type { ArmOfRound, ArmOutcome, Measures, NotTrained, TrainingTask } from './learner.ts';
import type { OpenExperiment } from './open-experiment.ts';
import { SayAnswer } from './say-answer.ts';
import { codeOf, messageOf, TrainerError } from './trainer-error.ts';

/** As much of an error as a fact carries. */
const MESSAGE_LENGTH = 2000;

/**
 * One client's part of one round: take the global tensors, evaluate, train, store, say so. A question that was answered
 * before is answered from the stored answer, never by training again.
 */
@Injectable()
export class AnswerDownload {
  private readonly say: SayAnswer;
  private readonly blobs: BlobStore;
  private readonly experiments: Experiments;
  private readonly observer: TrainerObserver;

  constructor(say: SayAnswer, blobs: BlobStore, experiments: Experiments, observer: TrainerObserver) {
    this.say = say;
    this.blobs = blobs;
    this.experiments = experiments;
    this.observer = observer;
  }

  /**
   * Whether a job can be done: not before the global model is there, whose bytes come with the first of a site's clients
   * that is served; and never for a client of somebody else's, or for a round that later ones have followed, of which the
   * state is gone and for which nobody waits.
   */
  async standing(
    { clients }: OpenExperiment,
    { client, round, global }: DownloadJob,
  ): Promise<'ready' | 'early' | 'over'> {
    const state = clients.get(client)?.state;
    if (state === undefined) return 'over';
    if ((await state.answer(round))?.answers === global) return 'ready';
    if ((await state.latest()) > round) return 'over';
    return global === null || (await this.blobs.has(global)) ? 'ready' : 'early';
  }

  async handle(experiment: OpenExperiment, job: DownloadJob): Promise<void> {
    const client = experiment.clients.get(job.client);
    if (client === undefined)
      throw new TrainerError('trainer.client-unknown', `This site does not host ${job.client} of ${experiment.id}.`);
    const stored = await client.state.answer(job.round);
    if (stored?.answers === job.global) {
      for (const evaluation of stored.evaluations) await this.say.evaluation(experiment, client, job.round, evaluation);
      await this.say.outcome(experiment, client, stored);
      return;
    }
    const inForce = await tuningBy(experiment, client, job.profile);
    await this.say.outcome(experiment, inForce, await this.answer(experiment, inForce, job));
  }

  private async answer(experiment: OpenExperiment, client: HostedClient, job: DownloadJob): Promise<Answer> {
    const { round, global, forEvaluation } = job;
    experiment.learner.rewards?.leaveOut(round, job.leftOut);
    experiment.learner.expect((await experiment.profiles.upTo(round)).map(({ profile }) => profile));
    const held = await this.heldBefore(experiment, client, round);
    const arms = new Map(held);
    const own = armOf(held, 'federated');
    const received = global === null ? undefined : await this.readGlobal(experiment, global);
    const shared = received instanceof TrainerError ? undefined : received;
    arms.set('federated', shared === undefined ? own : { ...own, shared });

    const evaluations = await this.evaluate(experiment, client, job, arms);
    if (forEvaluation && ownIterations(experiment.spec) > 0)
      evaluations.push(await this.tuneForItself(experiment, client, job, evaluations, arms));
    const { profileVersion } = client;
    const answer: Answer = { round, answers: global, evaluations, profile: profileVersion };
    let upload: Uint8Array | undefined;
    if (received !== undefined && !forEvaluation) {
      if (received instanceof TrainerError) answer.withheld = withheldFor('training-failed', received.message);
      else upload = await this.train(experiment, client, job, answer, arms);
    }
    await client.state.store(answer, arms, upload);
    return answer;
  }

  /** What the client held after its last round, in the shape of the profile in force: each arm's tensors, or the initial ones. */
  private async heldBefore(
    experiment: OpenExperiment,
    client: HostedClient,
    round: number,
  ): Promise<ReadonlyMap<ArmName, ArmTensors>> {
    const { learner, spec } = experiment;
    const names: ArmName[] = ['federated', ...spec.baselines];
    const { state } = client;
    const before = await state.latestBefore(round);
    if (before > 0) {
      const { profile = FIRST_VERSION } = (await state.answer(before)) ?? {};
      const then = await tuningBy(experiment, client, profile);
      const held = async (arm: ArmName) => learner.adapt(then, client, await state.tensors(before, arm));
      return new Map(await Promise.all(names.map(async (arm) => [arm, await held(arm)] as const)));
    }
    const { shared, personal } = await learner.initial(client);
    return new Map(names.map((arm) => [arm, { shared: shared.slice(), personal: personal.slice() }]));
  }

  /** Facts without tensors cost no airtime, so each evaluation is said as soon as it is known. */
  private async evaluate(
    experiment: OpenExperiment,
    client: HostedClient,
    { round, forEvaluation }: DownloadJob,
    arms: ReadonlyMap<ArmName, ArmTensors>,
  ): Promise<ArmEvaluation[]> {
    const evaluations: ArmEvaluation[] = [];
    for (const [arm, tensors] of arms) {
      if (arm !== 'federated' && !forEvaluation) continue;
      const evaluation = {
        arm,
        sharedDigest: digestOf(tensors.shared),
        personalDigest: digestOf(tensors.personal),
        ...(await measure(experiment, client, { round, arm }, tensors)),
      };
      await this.say.evaluation(experiment, client, round, evaluation);
      evaluations.push(evaluation);
    }
    return evaluations;
  }

  /**
   * Once after the last download: the client tunes what it holds by its own weights, and keeps that; nothing is sent. Where it
   * cannot, it keeps what is shared and says why: also where a reward is left out, for no later round makes good for it.
   */
  private async tuneForItself(
    experiment: OpenExperiment,
    client: HostedClient,
    { round, leftOut }: DownloadJob,
    evaluations: readonly ArmEvaluation[],
    arms: Map<ArmName, ArmTensors>,
  ): Promise<ArmEvaluation> {
    const arm = 'own';
    const shared = armOf(arms, 'federated');
    const outcome =
      leftOut.length > 0 ? notTunedWithout(leftOut) : await this.trainArm(experiment, client, { round, arm }, shared);
    const tensors = outcome.outcome === 'trained' ? outcome.tensors : shared;
    const said =
      outcome.outcome === 'trained'
        ? { ...(await measure(experiment, client, { round, arm }, tensors)), tuning: outcome.training.rollouts }
        : {
            ...evaluations.find((evaluation) => evaluation.arm === 'federated'),
            untuned: `${outcome.reason}: ${outcome.message}`.slice(0, MESSAGE_LENGTH),
          };
    const digests = { sharedDigest: digestOf(tensors.shared), personalDigest: digestOf(tensors.personal) };
    const evaluation: ArmEvaluation = { ...said, arm, ...digests };
    arms.set(arm, tensors);
    await this.say.evaluation(experiment, client, round, evaluation);
    return evaluation;
  }

  /**
   * Trains every arm in the rounds in which the client trains. An arm whose loss is lost stays as it was. Answers what is
   * sent where that is not all of the shared tensors.
   */
  private async train(
    experiment: OpenExperiment,
    client: HostedClient,
    { round, channels }: DownloadJob,
    answer: Answer,
    arms: Map<ArmName, ArmTensors>,
  ): Promise<Uint8Array | undefined> {
    const task = { round, arm: 'federated', ...(channels === undefined ? {} : { channels }) } as const;
    const own = await this.trainArm(experiment, client, task, armOf(arms, 'federated'));
    if (own.outcome !== 'trained') {
      answer.withheld = withheldFor(own.reason, own.message);
      return undefined;
    }
    arms.set('federated', own.tensors);
    const sent = own.upload ?? own.tensors.shared;
    answer.upload = {
      blob: { digest: digestOf(sent), bytes: sent.byteLength },
      examples: client.data.train.length,
      head: await this.experiments.lastHead(experiment.id),
      training: own.training,
    };
    for (const [arm, tensors] of arms) {
      if (arm === 'federated') continue;
      const outcome = await this.trainArm(experiment, client, { round, arm }, tensors);
      if (outcome.outcome === 'trained') arms.set(arm, outcome.tensors);
    }
    return own.upload;
  }

  private async trainArm(
    experiment: OpenExperiment,
    client: HostedClient,
    task: TrainingTask,
    tensors: ArmTensors,
  ): Promise<ArmOutcome> {
    const { round, arm } = task;
    try {
      return await experiment.learner.train(client, task, tensors, ({ step, steps, loss }) => {
        this.observer.progress({ experiment: experiment.id, client: client.name, round, arm, step, steps, loss });
      });
    } catch (error) {
      if (!this.experiments.isOpen(experiment.id)) throw error;
      const reason = isOfRewards(error) ? 'rewards-missing' : 'training-failed';
      return { outcome: 'withheld', reason, message: messageOf(error) };
    }
  }

  /**
   * The downloaded tensors, checked against what the method shares; or why they cannot be used, whoever sent them: then the
   * client keeps what it held, as if they had been lost.
   */
  private async readGlobal({ learner }: OpenExperiment, digest: string): Promise<Uint8Array | TrainerError> {
    const bytes = await this.blobs.read(digest);
    const problem = problemOf(bytes, learner.sharedManifest);
    if (problem === undefined) return bytes;
    return new TrainerError('trainer.global-invalid', `The global model ${digest} cannot be used: ${problem}.`);
  }
}

function problemOf(bytes: Uint8Array, manifest: Parameters<typeof checkTensors>[1]): string | undefined {
  try {
    return checkTensors(decodeSafetensors(bytes), manifest);
  } catch (error) {
    return messageOf(error);
  }
}

type Withheld = NonNullable<Answer['withheld']>;

function withheldFor(reason: Withheld['reason'], message: string): Withheld {
  return { reason, message: message.slice(0, MESSAGE_LENGTH) };
}

function notTunedWithout(rewards: readonly string[]): NotTrained {
  const message = `The last round goes without ${rewards.join(', ')}, whose reward model is away.`;
  return { outcome: 'withheld', reason: 'rewards-missing', message };
}

/** Without its reward models a client cannot be measured, and the round goes on all the same. */
async function measure(
  { learner }: OpenExperiment,
  client: HostedClient,
  model: ArmOfRound,
  tensors: ArmTensors,
): Promise<Measures> {
  try {
    return await learner.evaluate(client, model, tensors);
  } catch (error) {
    if (!isOfRewards(error) || codeOf(error)?.endsWith('.closed') === true) throw error;
    return { unmeasured: messageOf(error).slice(0, MESSAGE_LENGTH) };
  }
}

function isOfRewards(error: unknown): boolean {
  return /^rewards?\./.test(codeOf(error) ?? '');
}

/** The client as it tunes by a version of its profile. */
async function tuningBy(
  { spec, profiles }: OpenExperiment,
  client: HostedClient,
  version: number,
): Promise<HostedClient> {
  if (version === client.profileVersion) return client;
  const profile = await profiles.of(spec, client.name, version);
  return { ...client, profile, profileVersion: version, deviceClass: profile.deviceClass ?? client.deviceClass };
}

function armOf(arms: ReadonlyMap<ArmName, ArmTensors>, name: ArmName): ArmTensors {
  const tensors = arms.get(name);
  if (tensors === undefined) throw new TrainerError('trainer.arm-missing', `There is no state of the arm ${name}.`);
  return tensors;
}
