import { digestExportedDecoder } from '#language-models';
import { clientFigures, findExperiment } from '#storage';
import { inRecord } from '../history/in-record.ts';
import { CoordinatorClient, type CoordinatorAddress } from '../remote/coordinator-client.ts';
import type { Settings } from '../settings.ts';

/** An exported decoder held against the record. */
export interface ComparedExport {
  readonly folder: string;
  readonly client: string;
  /** Of its tuned blocks. */
  readonly digest: string;
  /** Which decoder of the record these are: the client's own, the shared one at the end, or none of these. */
  readonly is: 'own' | 'shared' | 'unknown';
  /** What the record has of it, by the client's own weights; null where it was not measured. */
  readonly reward: number | null;
}

/** Says of each exported decoder whether its tuned blocks are those that the record has of its client, and what they earned. */
export async function compareExported(
  experiment: string,
  folders: readonly string[],
  settings: Settings,
  coordinator: CoordinatorAddress | undefined,
): Promise<readonly ComparedExport[]> {
  if (folders.length === 0) return [];
  const { clients, globalDigest } = await recordOf(experiment, settings, coordinator);
  return Promise.all(
    folders.map(async (folder): Promise<ComparedExport> => {
      const exported = await digestExportedDecoder(folder);
      const { client, digest } = exported;
      const recorded = exported.experiment === experiment ? clients.find((one) => one.client === client) : undefined;
      const found = { folder, client, digest };
      if (recorded?.own?.digest === digest)
        return { ...found, is: 'own', reward: recorded.own.reward?.weighted ?? null };
      if (recorded !== undefined && digest === globalDigest)
        return { ...found, is: 'shared', reward: recorded.reward?.weighted ?? null };
      return { ...found, is: 'unknown', reward: null };
    }),
  );
}

async function recordOf(experiment: string, settings: Settings, coordinator: CoordinatorAddress | undefined) {
  if (coordinator !== undefined) {
    const there = new CoordinatorClient(coordinator);
    const { globalDigest } = await there.show(experiment);
    return { globalDigest, clients: await there.clients(experiment) };
  }
  return inRecord(settings, (record) =>
    record.use(async (db) => {
      const { globalDigest } = await findExperiment(db, experiment);
      return { globalDigest, clients: await clientFigures(db, experiment) };
    }),
  );
}

export function describeExported({ folder, client, digest, is, reward }: ComparedExport): string {
  if (is === 'unknown')
    return `exported ${folder}: its tuned blocks are NOT what the record has of ${client}: ${digest}`;
  const earned = reward === null ? 'not measured' : `measured at ${reward.toFixed(3)} by its own weights`;
  const whose = is === 'own' ? `${client}'s own decoder` : `the shared decoder, which ${client} ends with`;
  return `exported ${folder}: its tuned blocks are ${whose}, ${earned}: ${digest}`;
}
