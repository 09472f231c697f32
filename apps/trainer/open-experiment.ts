import type { ExperimentSpec } from '#contracts';
import type { Example } from '#datasets';
import { methodNamed, type Method } from '#methods';
import type { Digest, TensorManifest } from '#parameters';
import { basePrecisions } from './base-precisions.ts';
import { ChangedProfiles, FIRST_VERSION } from './changed-profiles.ts';
import { ClientState } from './client-state.ts';
import { DownloadJobs } from './download-jobs.ts';
import { writeExperimentFile, type Submission } from './experiment-file.ts';
import { findBase } from './find-base.ts';
import type { HostedClient } from './hosted-client.ts';
import type { Learner } from './learner.ts';
import { openLearner } from './open-learner.ts';
import { openSiteData } from './site-data.ts';
import { clientFolder, experimentFolder, jobsFolder, profilesFolder } from './site-folders.ts';
import type { SiteVoice } from './site-voice.ts';
import { TrainerError } from './trainer-error.ts';

/** The device class of a client of which nothing is said. */
const DEFAULT_DEVICE_CLASS = 'standard';

/** An experiment as this site has it open: data, base and workers, once for all its clients. */
export interface OpenExperiment {
  readonly id: string;
  readonly spec: ExperimentSpec;
  readonly method: Method;
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
  readonly learner: Learner;
  readonly jobs: DownloadJobs;
  readonly profiles: ChangedProfiles;
}

/**
 * Opens data and model on this site's own disk. Rejects with an error whose message a user can act on: of the data (file and
 * line), the model (file or tensor), the spec (field), or `trainer.*`.
 */
export async function openExperiment(id: string, submission: Submission, voice: SiteVoice): Promise<OpenExperiment> {
  const { spec, base } = submission;
  const { settings, digestKey } = voice;
  const { home, site } = settings;
  const method = methodNamed(spec.method);
  const modelFolder = await findBase(submission, settings);
  const precisions = await basePrecisions(spec, modelFolder, voice);
  const data = await openSiteData(spec, settings, digestKey);
  const { labels, clients: own, ...rest } = data;
  const folder = experimentFolder(home, site, id);
  const { threads } = settings;
  const learner = await openLearner({
    ...{
      id,
      folder,
      spec,
      method,
      modelFolder,
      baseDigest: base.digest,
      precision: precisions.of(),
      data,
      threads,
      voice,
    },
  });
  const clients = new Map(
    [...own].map(([name, client]): [string, HostedClient] => {
      const deviceClass = spec.profiles[name]?.deviceClass ?? client.deviceClass ?? DEFAULT_DEVICE_CLASS;
      const state = new ClientState(clientFolder(home, site, id, name));
      const asSubmitted = { profile: spec.profiles[name] ?? {}, profileVersion: FIRST_VERSION };
      return [
        name,
        {
          name,
          data: client.data,
          dataDigest: client.digest,
          deviceClass,
          precision: precisions.of(name),
          state,
          ...asSubmitted,
        },
      ];
    }),
  );
  try {
    checkShared(submission, learner.sharedManifest);
  } catch (error) {
    await learner.close();
    throw error;
  }
  await writeExperimentFile(folder, { submission, labels: [...labels], modelFolder });
  return {
    id,
    spec,
    method,
    baseDigest: base.digest,
    initialGlobal: base.shared.initial.digest,
    modelFolder,
    labels,
    ...rest,
    notes: [...precisions.notes, ...rest.notes],
    clients,
    learner,
    jobs: new DownloadJobs(jobsFolder(home, site, id)),
    profiles: new ChangedProfiles(profilesFolder(home, site, id)),
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
