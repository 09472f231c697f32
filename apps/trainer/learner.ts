import type { ClientProfileSpec, ExperimentSpec } from '#contracts';
import type { BasePrecision } from '#language-models';
import type { Method } from '#methods';
import type { StepProgress } from '#tuning';
import type { Digest, TensorManifest } from '#parameters';
import type { Answer, ArmEvaluation, ArmName, ArmTensors } from './client-state.ts';
import type { DownloadJob } from './download-jobs.ts';
import type { HostedClient } from './hosted-client.ts';
import type { SiteData } from './site-data.ts';
import type { SiteRewards } from './site-rewards.ts';
import type { SiteVoice } from './site-voice.ts';

/** New tensors and what training was like, or why there are none. */
export type ArmOutcome =
  | {
      readonly outcome: 'trained';
      readonly tensors: ArmTensors;
      /** What is sent of them, when that is not all of the shared ones. */
      readonly upload?: Uint8Array;
      readonly training: NonNullable<Answer['upload']>['training'];
    }
  | NotTrained;

/** Why a client has nothing to send: no error, for a round goes on without it. */
export interface NotTrained {
  readonly outcome: 'withheld';
  readonly reason: NonNullable<Answer['withheld']>['reason'];
  readonly message: string;
}

/** What a learner measures of a client's model. */
export type Measures = Pick<ArmEvaluation, 'personal' | 'general' | 'reward' | 'unmeasured'>;

/** What a learner is opened with. */
export interface LearnerParts {
  readonly spec: ExperimentSpec;
  readonly method: Method;
  readonly modelFolder: string;
  /** Of the base that the experiment was submitted with. */
  readonly baseDigest: Digest;
  /** What the base is computed in for those whose profile does not say otherwise. */
  readonly precision: BasePrecision;
  readonly data: SiteData;
  readonly threads: number | undefined;
  /** The experiment, and where this site keeps what belongs to it. */
  readonly id: string;
  readonly folder: string;
  /** How the site asks others. */
  readonly voice: SiteVoice;
}

/** Which of a client's models, in which round. */
export interface ArmOfRound {
  readonly round: number;
  readonly arm: ArmName;
}

/** What a client is to train in a round; the arm `own` after the last one, for itself. */
export interface TrainingTask extends ArmOfRound {
  /** The channels that are trained and sent, as announced; all of them without it. An arm that sends nothing leaves none out. */
  readonly channels?: DownloadJob['channels'];
}

/**
 * How the clients of an experiment learn between download and upload, on one base that is open for all of them. There is
 * one implementation for each learner that a method may declare; nothing else in a site knows which.
 */
export interface Learner {
  /** Names and shapes of what crosses the air. */
  readonly sharedManifest: TensorManifest;
  /** The reward models that it learns from, if it does. */
  readonly rewards?: SiteRewards;
  /** How many numbers a client shares, and how many it keeps. */
  parametersOf(client: HostedClient): { readonly shared: number; readonly personal: number };
  /** What a client holds before its first round. */
  initial(client: HostedClient): Promise<ArmTensors>;
  /** Told, before a round's work, of all profiles that clients may come with then beside those of the spec. */
  expect(profiles: readonly ClientProfileSpec[]): void;
  /** What a client held while it tuned by one profile, in the shape that it has by another. */
  adapt(before: HostedClient, now: HostedClient, tensors: ArmTensors): Promise<ArmTensors>;
  /** How good a client's model is, as the round finds it. */
  evaluate(client: HostedClient, model: ArmOfRound, tensors: ArmTensors): Promise<Measures>;
  /** Trains one arm of a client for a round; the tensors that are given stay as they are. */
  train(
    client: HostedClient,
    task: TrainingTask,
    tensors: ArmTensors,
    onProgress: (progress: StepProgress) => void,
  ): Promise<ArmOutcome>;
  /** Gives up what is under way. */
  close(): Promise<void>;
}
