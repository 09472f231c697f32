import { dirname, resolve } from 'node:path';
import { clientName, ownData, siteName, type OwnData } from '#contracts';
import { readDocument } from '#documents';
import { z } from 'zod';

const deviceClass = z.string().min(1).max(64);

const siteFileSchema = z.strictObject({
  site: siteName,
  /** What its clients run on, unless they or the spec say otherwise. */
  deviceClass: deviceClass.optional(),
  /** Whether a client's counts per label may leave the site; examples never do. */
  shareLabelHistogram: z.boolean().default(false),
  /**
   * Whether its clients' prompts and completions may leave the site, towards reward models, where their profiles say so too.
   */
  shareCompletions: z.boolean().default(false),
  /** Folders under which base models lie, beside those of AIRTUNE_MODEL_ROOTS. */
  models: z.array(z.string().min(1)).max(100).default([]),
  /** The clients that this site hosts, and the data of each. */
  clients: z
    .record(clientName, z.strictObject({ deviceClass: deviceClass.optional(), data: ownData }))
    .refine((clients) => Object.keys(clients).length > 0, 'a site hosts at least one client'),
});

/** Who a site is, in its operator's words: its clients, each one's own data, and where base models lie. */
export type SiteFile = z.infer<typeof siteFileSchema>;

/** Reads a site file; its paths come back absolute. Throws a DocumentError that names file, line and field. */
export async function readSiteFile(path: string): Promise<SiteFile> {
  const file = resolve(path);
  const folder = dirname(file);
  const site = await readDocument(file, siteFileSchema, 'site: north');
  const clients = Object.entries(site.clients).map(([name, client]) => {
    return [name, { ...client, data: withAbsolutePaths(client.data, folder) }];
  });
  return {
    ...site,
    models: site.models.map((models) => resolve(folder, models)),
    clients: Object.fromEntries(clients) as SiteFile['clients'],
  };
}

function withAbsolutePaths(data: OwnData, folder: string): OwnData {
  if (data.source === 'wordnet-topics') return data;
  if (data.train === undefined) return data;
  const train = resolve(folder, data.train);
  return data.test === undefined ? { ...data, train } : { ...data, train, test: resolve(folder, data.test) };
}
