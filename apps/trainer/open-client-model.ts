import type { ExperimentSpec } from '#contracts';
import { clientNames } from '#federation';
import { decodeSafetensors, type Digest, type NamedTensors } from '#parameters';
import { ChangedProfiles, FIRST_VERSION } from './changed-profiles.ts';
import { ClientState } from './client-state.ts';
import { readExperimentFile } from './experiment-file.ts';
import { clientFolder, profilesFolder } from './site-folders.ts';
import { TrainerError } from './trainer-error.ts';

/** A client's personalised model as its site holds it. */
export interface ClientModel {
  readonly experiment: string;
  readonly client: string;
  /** With the profile by which the client tuned last. */
  readonly spec: ExperimentSpec;
  readonly baseDigest: Digest;
  /** Where the base lay when the experiment was opened here. */
  readonly modelFolder: string;
  readonly labels: readonly string[];
  /** The round after which the client held this. */
  readonly round: number;
  /** Whether it tuned once more for itself after that round's download. */
  readonly isOwn: boolean;
  readonly shared: NamedTensors;
  readonly personal: NamedTensors;
}

/**
 * Reads the latest model of a client from its site's disk: its own, where it tuned once more for itself. Throws `trainer.experiment-unknown`, or `trainer.client-unknown`
 * when the client has not taken part in a round yet.
 */
export async function openClientModel(
  home: string,
  site: string,
  experiment: string,
  client: string,
): Promise<ClientModel> {
  const { submission, labels, modelFolder } = await readExperimentFile(home, site, experiment);
  const { spec, base } = submission;
  const folder = clientFolder(home, site, experiment, client);
  const state = new ClientState(folder);
  const round = await state.latest();
  if (round === 0) {
    const names = clientNames(spec.clients);
    const message = names.includes(client)
      ? `There is no model of ${client} under ${folder}: it has not finished a round of ${experiment} yet, or its folder was removed.`
      : `${experiment} has no ${client}: its clients are ${names.slice(0, 5).join(', ')}${names.length > 5 ? ' …' : ''}.`;
    throw new TrainerError('trainer.client-unknown', message);
  }
  const { profile: version = FIRST_VERSION, evaluations = [] } = (await state.answer(round)) ?? {};
  const own = evaluations.find(({ arm }) => arm === 'own');
  const { shared, personal } = await state.tensors(round, own?.arm ?? 'federated');
  const profiles = new ChangedProfiles(profilesFolder(home, site, experiment));
  const profile = await profiles.of(spec, client, version);
  return {
    experiment,
    client,
    spec: { ...spec, profiles: { ...spec.profiles, [client]: profile } },
    baseDigest: base.digest,
    modelFolder,
    labels,
    round,
    isOwn: own !== undefined && own.untuned === undefined,
    shared: decodeSafetensors(shared),
    personal: decodeSafetensors(personal),
  };
}
