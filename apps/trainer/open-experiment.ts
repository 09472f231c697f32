import type { ExperimentSpec } from '#contracts';
import type { ClientData, Example } from '#datasets';
import { readEncoderConfig, type EncoderConfig } from '#language-models';
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
import { writeExperimentFile, type Submission } from './experiment-file.ts';
import { findBase } from './find-base.ts';
import type { TrainerSettings } from './settings.ts';
import { openSiteData } from './site-data.ts';
import { clientFolder, experimentFolder, jobsFolder } from './site-folders.ts';
import { TrainerError } from './trainer-error.ts';

/** A client that this site hosts. Its tensors stay on disk: this is what does not change from round to round. */
export interface HostedClient {
  readonly name: string;
  readonly data: ClientData;
  readonly dataDigest: Digest;
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
  /** The shared tensors before any round. */
  readonly initialGlobal: Digest;
  /** Where the base lies on this site's disk. */
  readonly modelFolder: string;
  readonly labels: readonly string[];
  /** What its user should know of the data. */
  readonly notes: readonly string[];
  readonly generalTest: readonly Example[];
  readonly showsHistograms: boolean;
  readonly clients: ReadonlyMap<string, HostedClient>;
  readonly sharedManifest: TensorManifest;
  readonly pool: TuningPool;
  readonly jobs: DownloadJobs;
}

/**
 * Opens data and model on this site's own disk. Rejects with an error whose message a user can act on: of the data (file and
 * line), the model (file or tensor), the spec (field), or `trainer.*`. `digestKey` blinds digests of the clients' data.
 */
export async function openExperiment(
  id: string,
  submission: Submission,
  settings: TrainerSettings,
  digestKey: Uint8Array,
): Promise<OpenExperiment> {
  const { spec, base } = submission;
  const { home, site } = settings;
  const method = methodNamed(spec.method);
  const modelFolder = await findBase(submission, settings);
  const config = await readEncoderConfig(modelFolder);
  checkSequenceLength(spec, config);
  const { labels, clients: own, ...data } = await openSiteData(spec, settings, digestKey);
  const clients = new Map<string, HostedClient>();
  for (const [name, client] of own) {
    const profile = clientProfile(spec, name, config, client.deviceClass);
    const shape = { seed: spec.seed, width: spec.adapters.width, labels: labels.length };
    const recipe = (ownership: 'shared' | 'personal') => tensorRecipe(method, ownership, shape, { name, profile });
    const recipes = { shared: recipe('shared'), personal: recipe('personal') };
    const state = new ClientState(clientFolder(home, site, id, name));
    clients.set(name, { name, data: client.data, dataDigest: client.digest, profile, recipes, state });
  }
  const sharedManifest = [...clients.values()]
    .slice(0, 1)
    .flatMap(({ recipes }) => [...recipeManifest(config, recipes.shared)]);
  checkShared(submission, sharedManifest);
  await writeExperimentFile(experimentFolder(home, site, id), { submission, labels: [...labels], modelFolder });
  return {
    id,
    spec,
    method,
    config,
    baseDigest: base.digest,
    initialGlobal: base.shared.initial.digest,
    modelFolder,
    labels,
    ...data,
    clients,
    sharedManifest,
    pool: openPool(spec, modelFolder, method, labels.length, [...clients.values()], settings),
    jobs: new DownloadJobs(jobsFolder(home, site, id)),
  };
}

/** What this site would share must be what the coordinator averages. */
function checkShared({ base }: Submission, shared: TensorManifest): void {
  const written = (manifest: TensorManifest) =>
    manifest.map(({ name, shape }) => `${name} [${shape.join(', ')}]`).sort();
  const ours = written(shared);
  const theirs = written(base.shared.manifest);
  if (shared.length === 0 || ours.join() === theirs.join()) return;
  const different = ours.find((tensor, i) => tensor !== theirs[i]) ?? theirs[ours.length] ?? '';
  throw new TrainerError(
    'trainer.other-shape',
    `The submission shares other tensors than this site would: ${different}.`,
  );
}

function openPool(
  { training }: ExperimentSpec,
  modelFolder: string,
  method: Method,
  labels: number,
  clients: readonly HostedClient[],
  { threads }: TrainerSettings,
): TuningPool {
  const blocks = trains(method, 'lora') ? clients.flatMap(({ profile }) => [...profile.lora.blocks]) : [];
  const loraBlocks = [...new Set(blocks)].sort((a, b) => a - b);
  return new TuningPool({
    modelFolder,
    shape: { adapters: trains(method, 'adapters'), loraBlocks, labels },
    maxTokens: training.maxTokens,
    parallel: training.parallel,
    ...(threads === undefined ? {} : { threads }),
  });
}
