import { createHmac } from 'node:crypto';
import { stat } from 'node:fs/promises';
import type { ExperimentSpec, GeneralTestSpec, OwnData } from '#contracts';
import {
  drawOwnTest,
  generalTest,
  openDataset,
  openTestRows,
  partition,
  type ClientData,
  type Dataset,
  type Example,
} from '#datasets';
import type { Digest } from '#parameters';
import { permitPath, type Roots } from './permit-path.ts';
import type { TrainerSettings } from './settings.ts';
import { TrainerError } from './trainer-error.ts';

/** What a site has of an experiment: its clients' examples, the labels, and a test set that is nobody's own. */
export interface SiteData {
  readonly labels: readonly string[];
  readonly clients: ReadonlyMap<string, SiteClient>;
  readonly generalTest: readonly Example[];
  /** What its user should know of the data; no example and no label of a client is in it. */
  readonly notes: readonly string[];
  /** Whether counts per label may be told. */
  readonly showsHistograms: boolean;
}

export interface SiteClient {
  readonly data: ClientData;
  readonly digest: Digest;
  readonly deviceClass?: string | undefined;
}

/**
 * Opens the data of the clients that this site hosts: those that its own file names, or its share of the simulated ones.
 * `key` is the site's secret with which digests of its clients' data are blinded.
 */
export function openSiteData(spec: ExperimentSpec, settings: TrainerSettings, key: Uint8Array): Promise<SiteData> {
  return 'names' in spec.clients ? openOwn(spec, settings, key) : simulate(spec, settings);
}

async function simulate(
  { seed, clients, data, evaluation }: ExperimentSpec,
  settings: TrainerSettings,
): Promise<SiteData> {
  if ('names' in clients || data.source === 'sites')
    throw new TrainerError('trainer.not-simulated', 'Named clients have data of their own.');
  const dataset = await openDataset(await permitFiles(data, settings.dataRoots));
  const dealt = partition(dataset, {
    seed,
    count: clients.count,
    ...clients.partition,
    personalTestLimit: evaluation.personalExamples,
  });
  const hosted = settings.hosted(clients).flatMap((name): [string, ClientData][] => {
    const own = dealt.get(name);
    return own === undefined ? [] : [[name, own]];
  });
  return {
    labels: dataset.labels,
    clients: new Map(hosted.map(([name, own]) => [name, { data: own, digest: dataset.digest }])),
    generalTest: generalTest(dataset, { seed, limit: evaluation.generalExamples }),
    notes: dataset.notes,
    showsHistograms: true,
  };
}

async function openOwn(spec: ExperimentSpec, settings: TrainerSettings, key: Uint8Array): Promise<SiteData> {
  const { data, seed, evaluation } = spec;
  const { siteFile, dataRoots } = settings;
  if (data.source !== 'sites' || siteFile === undefined)
    throw new TrainerError('trainer.no-site-file', `Site ${settings.site} has no site file that names its clients.`);
  const { labels } = data;
  const opened = new Map<string, { dataset: Dataset; client: SiteClient }>();
  for (const name of settings.hosted(spec.clients)) {
    const own = siteFile.clients[name];
    if (own === undefined) continue;
    // The site's own operator named these files: roots are for what a spec names.
    const dataset = await openDataset(own.data, labels);
    const personalTest = drawOwnTest(dataset.test, { seed, client: name, limit: evaluation.personalExamples });
    const digest = blinded(dataset.digest, key);
    const deviceClass = own.deviceClass ?? siteFile.deviceClass;
    opened.set(name, { dataset, client: { data: { train: dataset.train, personalTest }, digest, deviceClass } });
  }
  const sets = [...opened.values()].map(({ dataset }) => dataset);
  const general = await openGeneralTest(data.test, labels, sets, dataRoots);
  return {
    labels,
    clients: new Map([...opened].map(([name, { client }]) => [name, client])),
    generalTest: generalTest({ labels, test: general.rows }, { seed, limit: evaluation.generalExamples }),
    notes: [
      ...[...opened].flatMap(([name, { dataset }]) => dataset.notes.map((note) => `${name}: ${note}`)),
      ...general.notes,
    ],
    showsHistograms: siteFile.shareLabelHistogram,
  };
}

/** The spec's general test where this site has the file, else the test rows of its own clients; never a row that one trains on. */
async function openGeneralTest(
  spec: GeneralTestSpec | undefined,
  labels: readonly string[],
  datasets: readonly Dataset[],
  roots: Roots,
): Promise<{ readonly rows: readonly Example[]; readonly notes: readonly string[] }> {
  const file = spec === undefined ? undefined : await permitPath(spec.file, 'data', roots);
  const trained = new Set(datasets.flatMap(({ train }) => train.map(({ text }) => text)));
  const untrained = (rows: readonly Example[]) => rows.filter(({ text }) => !trained.has(text));
  if (spec !== undefined && file !== undefined && (await isThere(file))) {
    const rows = await openTestRows({ ...spec, file }, labels);
    const kept = untrained(rows);
    const left = rows.length - kept.length;
    if (kept.length === 0)
      throw new TrainerError('trainer.no-general-test', `${spec.file}: every row of it is trained on at this site.`);
    return { rows: kept, notes: left === 0 ? [] : [`${left} rows of the general test are trained on here: left out`] };
  }
  const rows = [...new Map(untrained(datasets.flatMap(({ test }) => test)).map((row) => [row.text, row])).values()];
  const why = spec === undefined ? 'the spec names none' : 'the spec’s file is not at this site';
  return { rows, notes: [`general test: the test rows of this site’s own clients (${why})`] };
}

async function isThere(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}

/** The same spec with the real paths of its files. */
async function permitFiles(data: OwnData, roots: Roots): Promise<OwnData> {
  if (data.source === 'wordnet-topics') return data;
  if (data.train === undefined) return data;
  const train = await permitPath(data.train, 'data', roots);
  return data.test === undefined
    ? { ...data, train }
    : { ...data, train, test: await permitPath(data.test, 'data', roots) };
}

/** Whoever knows a client's data could recognise their digest, and with few rows guess them: so it leaves the site keyed. */
function blinded(digest: Digest, key: Uint8Array): Digest {
  return `sha256:${createHmac('sha256', key).update(digest).digest('hex')}`;
}
