import { isDeepStrictEqual } from 'node:util';
import { baseMemoryBudgetBytes, type ClientProfileSpec, type ExperimentSpec } from '#contracts';
import type { Example } from '#datasets';
import { gradientsWithin, readEncoderConfig, type ComputedIn, type EncoderConfig } from '#language-models';
import { trains, type Method } from '#methods';
import { decodeSafetensors, encodeSafetensors, parameterCount, type TensorManifest } from '#parameters';
import {
  checkSequenceLength,
  clientProfile,
  drawBatch,
  recipeManifest,
  resizeLora,
  tensorRecipe,
  TuningPool,
  type ClientProfile,
  type LabelledTexts,
  type StepProgress,
  type TensorRecipe,
  type TuningSettings,
} from '#tuning';
import { FIRST_VERSION } from './changed-profiles.ts';
import { scoreOf, type ArmTensors } from './client-state.ts';
import type { ArmOfRound, ArmOutcome, Learner, LearnerParts, Measures, TrainingTask } from './learner.ts';
import type { HostedClient } from './hosted-client.ts';
import { optimisationOf } from './optimisation-of.ts';
import { TrainerError } from './trainer-error.ts';

/** One client's part: what it trains with, and which tensors. */
interface ClientPart {
  readonly profile: ClientProfile;
  readonly shared: TensorRecipe;
  readonly personal: TensorRecipe;
}

/** Classification from labelled text: LoRA, adapters and heads on a frozen encoder. */
export class SupervisedLearner implements Learner {
  private readonly spec: ExperimentSpec;
  private readonly config: EncoderConfig;
  private readonly method: Method;
  private readonly labels: number;
  private readonly generalTest: readonly Example[];
  /** By client and version of its profile. */
  private readonly parts = new Map<string, ClientPart>();
  /** One base for each way in which clients ask for it to be computed. */
  private readonly pools = new Map<string, TuningPool>();
  /** Blocks that have a LoRA beside those of the spec. */
  private readonly wanted: number[] = [];
  private readonly openPool: (computed: ComputedIn) => TuningPool;

  private constructor({ spec, method, modelFolder, baseDigest, data, threads }: LearnerParts, config: EncoderConfig) {
    this.spec = spec;
    this.config = config;
    this.method = method;
    this.labels = data.labels.length;
    this.generalTest = data.generalTest;
    const parts = [...data.clients].map(([name, client]) => {
      this.gradientsOf(name);
      const deviceClass = client.deviceClass === undefined ? {} : { deviceClass: client.deviceClass };
      return this.partOf({ name, profile: { ...deviceClass, ...spec.profiles[name] }, profileVersion: FIRST_VERSION });
    });
    const blocks = parts.flatMap(({ profile }) => [...profile.lora.blocks]);
    const loraBlocks = trains(method, 'lora') ? [...new Set(blocks)].sort((a, b) => a - b) : [];
    const pool = {
      modelFolder,
      baseDigest,
      shape: { adapters: trains(method, 'adapters'), loraBlocks, labels: data.labels.length },
      maxTokens: spec.training.maxTokens,
      parallel: spec.training.parallel,
      ...(threads === undefined ? {} : { threads }),
    };
    this.openPool = (computed) => new TuningPool({ ...pool, ...computed });
  }

  /** Rejects when the model folder or a client's profile does not fit the spec, naming file or field. */
  static async open(parts: LearnerParts): Promise<SupervisedLearner> {
    const { spec, modelFolder } = parts;
    const config = await readEncoderConfig(modelFolder);
    checkSequenceLength(spec, config);
    return new SupervisedLearner(parts, config);
  }

  get sharedManifest(): TensorManifest {
    const [first] = this.parts.values();
    return first === undefined ? [] : recipeManifest(this.config, first.shared);
  }

  parametersOf(client: HostedClient): { readonly shared: number; readonly personal: number } {
    const { shared, personal } = this.partOf(client);
    return {
      shared: parameterCount(recipeManifest(this.config, shared)),
      personal: parameterCount(recipeManifest(this.config, personal)),
    };
  }

  async initial(client: HostedClient): Promise<ArmTensors> {
    const part = this.partOf(client);
    const [shared, personal] = await this.poolOf(client).initial([part.shared, part.personal]);
    if (shared === undefined || personal === undefined) throw noInitial();
    return { shared, personal };
  }

  /** On the test set in the client's own label mix, and on the balanced one. */
  async evaluate(client: HostedClient, _: ArmOfRound, { shared, personal }: ArmTensors): Promise<Measures> {
    const { rank, alpha } = this.partOf(client).profile.lora;
    const { evaluations } = await this.poolOf(client).evaluate({
      // The worker takes the bytes over; the caller goes on to train with its own.
      parts: [shared.slice(), personal.slice()],
      sets: [labelledTexts(client.data.personalTest), labelledTexts(this.generalTest)],
      batchSize: this.spec.evaluation.batchSize,
      loraScale: alpha / rank,
    });
    const [own, general] = evaluations;
    if (own === undefined || general === undefined)
      throw new TrainerError(
        'trainer.evaluation-incomplete',
        `The worker did not evaluate ${client.name} on both test sets.`,
      );
    return { personal: scoreOf(own), general: scoreOf(general) };
  }

  /** Which batches an arm sees depends on seed, client and round: the same for every arm. */
  async train(
    client: HostedClient,
    { round }: TrainingTask,
    { shared, personal, moments }: ArmTensors,
    onProgress: (progress: StepProgress) => void,
  ): Promise<ArmOutcome> {
    const { examples, batches } = drawRound(this.spec, client, round);
    const kept = this.spec.training.keepMoments;
    // The worker takes the bytes over, and they may be needed again when it fails.
    const averages = kept && moments !== undefined ? { ...moments, averages: moments.averages.slice() } : undefined;
    const answer = await this.poolOf(client).tune(
      {
        parts: [shared.slice(), personal.slice()],
        examples: labelledTexts(examples),
        batches,
        settings: settingsOf(this.spec, this.partOf(client).profile, round),
        wantMoments: kept,
        ...(averages === undefined ? {} : { moments: averages }),
      },
      onProgress,
    );
    if (answer.outcome === 'stopped')
      return { outcome: 'withheld', reason: 'loss-not-finite', message: answer.message };
    const [newShared, newPersonal] = answer.parts;
    if (newShared === undefined || newPersonal === undefined)
      throw new TrainerError('trainer.tensors-missing', 'The worker gave no tensors.');
    const { losses } = answer;
    return {
      outcome: 'trained',
      tensors: {
        shared: newShared,
        personal: newPersonal,
        ...(answer.moments === undefined ? {} : { moments: answer.moments }),
      },
      training: {
        steps: losses.length,
        firstLoss: losses[0] ?? 0,
        lastLoss: losses.at(-1) ?? 0,
        meanLoss: losses.reduce((sum, loss) => sum + loss, 0) / losses.length,
      },
    };
  }

  async close(): Promise<void> {
    await Promise.all([...this.pools.values()].map((pool) => pool.close()));
  }

  /** Which blocks have a LoRA is part of the graph that all clients share. */
  expect(profiles: readonly ClientProfileSpec[]): void {
    if (!trains(this.method, 'lora')) return;
    this.wanted.push(...profiles.flatMap((profile) => [...this.profileOf('', profile).lora.blocks]));
    for (const pool of this.pools.values()) pool.widen(this.wanted);
  }

  /** A LoRA of another shape; the moments of the old one say nothing of it. */
  async adapt(before: HostedClient, now: HostedClient, tensors: ArmTensors): Promise<ArmTensors> {
    const [{ profile: old }, part] = [this.partOf(before), this.partOf(now)];
    if (isDeepStrictEqual(old.lora, part.profile.lora)) return tensors;
    const [initial] = await this.poolOf(now).initial([part.personal]);
    if (initial === undefined) throw noInitial();
    const personal = resizeLora(
      decodeSafetensors(tensors.personal),
      old.lora,
      part.profile.lora,
      decodeSafetensors(initial),
    );
    return { shared: tensors.shared, personal: encodeSafetensors(personal) };
  }

  private poolOf({ name, precision }: HostedClient): TuningPool {
    const computed: ComputedIn =
      precision === 'fp32' ? { precision } : { precision, gradients: this.gradientsOf(name) };
    const key = JSON.stringify(computed);
    const known = this.pools.get(key);
    if (known !== undefined) return known;
    const pool = this.openPool(computed);
    pool.widen(this.wanted);
    this.pools.set(key, pool);
    return pool;
  }

  /** Budgets with the same room share a base. Throws ModelError `model.memory-budget` of one that has none. */
  private gradientsOf(client: string): ComputedIn['gradients'] {
    return gradientsWithin(this.config, baseMemoryBudgetBytes(this.spec, client));
  }

  private partOf({ name, profile: own, profileVersion }: Tuned): ClientPart {
    const key = `${name} ${profileVersion}`;
    const known = this.parts.get(key);
    if (known !== undefined) return known;
    const { method, spec, labels } = this;
    const profile = this.profileOf(name, own);
    const shape = { seed: spec.seed, width: spec.adapters.width, labels };
    const recipe = (ownership: 'shared' | 'personal') => tensorRecipe(method, ownership, shape, { name, profile });
    const part = { profile, shared: recipe('shared'), personal: recipe('personal') };
    this.parts.set(key, part);
    return part;
  }

  private profileOf(name: string, profile: ClientProfileSpec): ClientProfile {
    return clientProfile({ ...this.spec, profiles: { [name]: profile } }, name, this.config);
  }
}

/** What of a client decides its part. */
type Tuned = Pick<HostedClient, 'name' | 'profile' | 'profileVersion'>;

function noInitial(): TrainerError {
  return new TrainerError('trainer.initial-missing', 'The worker gave no initial tensors.');
}

function labelledTexts(examples: readonly Example[]): LabelledTexts {
  return { texts: examples.map(({ text }) => text), labels: examples.map(({ label }) => label) };
}
/** The examples that a round's batches hold, each once, and the batches as indices into them. */
function drawRound(
  { seed, training }: ExperimentSpec,
  { name, data }: HostedClient,
  round: number,
): { readonly examples: Example[]; readonly batches: number[][] } {
  const places = new Map<number, number>();
  const batches = Array.from({ length: training.steps }, (_, step) =>
    drawBatch({ seed, client: name, round, step }, data.train.length, training.batchSize).map((example) => {
      const place = places.get(example) ?? places.size;
      places.set(example, place);
      return place;
    }),
  );
  const examples = [...places.keys()].flatMap((example) => data.train[example] ?? []);
  return { examples, batches };
}

function settingsOf(spec: ExperimentSpec, profile: ClientProfile, round: number): TuningSettings {
  return {
    ...optimisationOf(spec, spec.training.steps, round),
    loraScale: profile.lora.alpha / profile.lora.rank,
  };
}
