import type { DataOf, ExperimentSpec } from '#contracts';
import type { experimentSubmitted } from '#contracts';
import { generalTest, openDataset, partition, type ClientData, type Example } from '#datasets';
import { digestCheckpoint, readEncoderConfig, type EncoderConfig } from '#language-models';
import { methodNamed, trains, type Method } from '#methods';
import type { Digest, TensorManifest } from '#parameters';
import {
  checkSequenceLength,
  clientProfile,
  recipeManifest,
  tensorRecipe,
  TuningPool,
  type ClientProfile,
  type TensorRecipe,
} from '#tuning';
import { ClientState } from './client-state.ts';
import { DownloadJobs } from './download-jobs.ts';
import { writeExperimentFile } from './experiment-file.ts';
import type { TrainerSettings } from './settings.ts';
import { clientFolder, experimentFolder, jobsFolder } from './site-folders.ts';
import { TrainerError } from './trainer-error.ts';

export type Submission = DataOf<typeof experimentSubmitted>;

/** A client that this site hosts. Its tensors stay on disk: this is what does not change from round to round. */
export interface HostedClient {
  readonly name: string;
  readonly data: ClientData;
  readonly profile: ClientProfile;
  readonly recipes: { readonly shared: TensorRecipe; readonly personal: TensorRecipe };
  readonly state: ClientState;
}

/** An experiment as this site has it open: data, base and workers, once for all its clients. */
export interface OpenExperiment {
  readonly id: string;
  readonly spec: ExperimentSpec;
  readonly method: Method;
  readonly config: EncoderConfig;
  readonly baseDigest: Digest;
  readonly dataDigest: Digest;
  readonly labels: readonly string[];
  /** What its user should know of the data. */
  readonly notes: readonly string[];
  readonly generalTest: readonly Example[];
  readonly clients: ReadonlyMap<string, HostedClient>;
  readonly sharedManifest: TensorManifest;
  readonly pool: TuningPool;
  readonly jobs: DownloadJobs;
}

/**
 * Opens data and model under the spec's absolute paths and deals the clients. Rejects with an error whose message a user can
 * act on: of the data (file and line), the model (file or tensor), the spec (field), or `trainer.*`.
 */
export async function openExperiment(
  id: string,
  submission: Submission,
  settings: TrainerSettings,
): Promise<OpenExperiment> {
  const { spec } = submission;
  const method = methodNamed(spec.method);
  const config = await readEncoderConfig(spec.model);
  checkSequenceLength(spec, config);
  const dataset = await openDataset(spec.data);
  const { labels } = dataset;
  const clients = new Map<string, HostedClient>();
  for (const [number, [name, data]] of [...dealClients(spec, dataset)].entries()) {
    const profile = clientProfile(spec, name, config);
    if (!settings.hosts(number)) continue;
    const shape = { seed: spec.seed, width: spec.adapters.width, labels: labels.length };
    const recipe = (ownership: 'shared' | 'personal') => tensorRecipe(method, ownership, shape, { name, profile });
    const recipes = { shared: recipe('shared'), personal: recipe('personal') };
    const state = new ClientState(clientFolder(settings.home, settings.site, id, name));
    clients.set(name, { name, data, profile, recipes, state });
  }
  const sharedManifest = [...clients.values()]
    .slice(0, 1)
    .flatMap(({ recipes }) => [...recipeManifest(config, recipes.shared)]);
  const baseDigest = await checkBase(submission, sharedManifest);
  await writeExperimentFile(experimentFolder(settings.home, settings.site, id), { submission, labels: [...labels] });
  return {
    id,
    spec,
    method,
    config,
    baseDigest,
    dataDigest: dataset.digest,
    labels,
    notes: dataset.notes,
    generalTest: generalTest(dataset, { seed: spec.seed, limit: spec.evaluation.generalExamples }),
    clients,
    sharedManifest,
    pool: openPool(spec, method, labels.length, [...clients.values()], settings),
    jobs: new DownloadJobs(jobsFolder(settings.home, settings.site, id)),
  };
}

function dealClients({ seed, clients, evaluation }: ExperimentSpec, dataset: Parameters<typeof partition>[0]) {
  const { dirichletAlpha, minimumExamples } = clients.partition;
  const personalTestLimit = evaluation.personalExamples;
  return partition(dataset, { seed, count: clients.count, dirichletAlpha, minimumExamples, personalTestLimit });
}

/** The base on this disk must be the one that was submitted, tensor for tensor, and share what the coordinator averages. */
async function checkBase({ spec, base }: Submission, shared: TensorManifest): Promise<Digest> {
  const found = await digestCheckpoint(spec.model);
  if (found !== base.digest) {
    throw new TrainerError(
      'trainer.other-base',
      `The model in ${spec.model} is ${found}, the experiment was submitted with ${base.digest}: copy the same files here.`,
    );
  }
  const written = (manifest: TensorManifest) =>
    manifest.map(({ name, shape }) => `${name} [${shape.join(', ')}]`).sort();
  const ours = written(shared);
  const theirs = written(base.shared.manifest);
  if (shared.length > 0 && ours.join() !== theirs.join()) {
    const different = ours.find((tensor, i) => tensor !== theirs[i]) ?? theirs[ours.length] ?? '';
    throw new TrainerError(
      'trainer.other-shape',
      `The submission shares other tensors than this site would: ${different}.`,
    );
  }
  return found;
}

function openPool(
  { model, training }: ExperimentSpec,
  method: Method,
  labels: number,
  clients: readonly HostedClient[],
  { threads }: TrainerSettings,
): TuningPool {
  const blocks = trains(method, 'lora') ? clients.flatMap(({ profile }) => [...profile.lora.blocks]) : [];
  const loraBlocks = [...new Set(blocks)].sort((a, b) => a - b);
  return new TuningPool({
    modelFolder: model,
    shape: { adapters: trains(method, 'adapters'), loraBlocks, labels },
    maxTokens: training.maxTokens,
    parallel: training.parallel,
    ...(threads === undefined ? {} : { threads }),
  });
}
