import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { profileChanged, type ClientProfileSpec, type DataOf, type ExperimentSpec } from '#contracts';
import { writeFileAtomically } from '#storage';
import { absent } from './absent.ts';
import { codeOf, TrainerError } from './trainer-error.ts';

export type ChangedProfile = DataOf<typeof profileChanged>;

/** The profile of a client that the spec gives it. */
export const FIRST_VERSION = 1;

/** How clients of an experiment tune once that was changed, on disk: a file a version, which never changes. */
export class ChangedProfiles {
  private readonly folder: string;

  constructor(folder: string) {
    this.folder = folder;
  }

  async store(changed: ChangedProfile): Promise<void> {
    await writeFileAtomically(this.path(changed), `${JSON.stringify(changed)}\n`);
  }

  /** Whether this site has been told of a version. */
  async knows(client: string, version: number): Promise<boolean> {
    return version === FIRST_VERSION || (await this.read(this.path({ client, version }))) !== undefined;
  }

  /** A version of a client's profile. Throws `trainer.profile-unknown` when this site was never told of it. */
  async of(spec: ExperimentSpec, client: string, version: number): Promise<ClientProfileSpec> {
    if (version === FIRST_VERSION) return spec.profiles[client] ?? {};
    const found = await this.read(this.path({ client, version }));
    if (found !== undefined) return found.profile;
    throw new TrainerError(
      'trainer.profile-unknown',
      `This site does not know version ${version} of ${client}'s profile.`,
    );
  }

  /** All that are in force in a round, or were before it, by file. */
  async upTo(round: number): Promise<readonly ChangedProfile[]> {
    const names = (await readdir(this.folder).catch(absent)) ?? [];
    const files = names.filter((name) => name.endsWith('.json')).sort();
    const found = await Promise.all(files.map((name) => this.read(join(this.folder, name))));
    return found.filter((changed) => changed !== undefined).filter(({ fromRound }) => fromRound <= round);
  }

  private async read(path: string): Promise<ChangedProfile | undefined> {
    try {
      return profileChanged.schema.parse(JSON.parse(await readFile(path, 'utf8')));
    } catch (cause) {
      if (codeOf(cause) === 'ENOENT') return undefined;
      throw new TrainerError('trainer.state-corrupt', `${path} is damaged.`, { cause });
    }
  }

  private path({ client, version }: Pick<ChangedProfile, 'client' | 'version'>): string {
    return join(this.folder, `${client}-${String(version).padStart(4, '0')}.json`);
  }
}
