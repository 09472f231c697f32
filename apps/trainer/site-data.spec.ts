import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { experimentSpec } from '#contracts';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { TrainerSettings } from './settings.ts';
import { openSiteData } from './site-data.ts';
import { readSiteFile } from './site-file.ts';

const KEY = new Uint8Array(32).fill(1);
const SITE = `
site: north
deviceClass: tablet
clients:
  ward: { data: { source: csv, train: ward.csv, text: note, label: queue } }
  desk: { deviceClass: phone, data: { source: csv, train: desk.csv, test: desk-test.csv, text: note, label: queue } }
`;
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'site-data-'));
  await writeFile(join(folder, 'north.yaml'), SITE);
  const rows = (who: string, labels: string[], count: number) =>
    ['note,queue', ...Array.from({ length: count }, (_, i) => `${who} ${i},${labels[i % labels.length]!}`)].join('\n');
  await writeFile(join(folder, 'ward.csv'), rows('ward', ['bed', 'bill'], 40));
  await writeFile(join(folder, 'desk.csv'), rows('desk', ['bill'], 20));
  await writeFile(join(folder, 'desk-test.csv'), rows('desk test', ['bill', 'visit'], 10));
  await writeFile(join(folder, 'general.csv'), rows('ward', ['bed', 'bill', 'visit'], 60));
});

afterAll(async () => {
  await rm(folder, { recursive: true });
});

const specOf = (data: object = {}, names = ['desk', 'ward', 'elsewhere']) =>
  experimentSpec.parse({
    method: 'pftt',
    model: 'm',
    data: { source: 'sites', labels: ['bed', 'bill', 'visit'], ...data },
    clients: { names },
  });

const open = async (data: object = {}, settings: object = {}) => {
  const siteFile = await readSiteFile(join(folder, 'north.yaml'));
  return openSiteData(specOf(data), new TrainerSettings({ home: folder, siteFile, ...settings }), KEY);
};

describe('the data of named clients', () => {
  it('are each one’s own, under the spec’s labels, with the clients of other sites left out', async () => {
    const { clients, labels, showsHistograms } = await open();
    expect([...clients.keys()]).toEqual(['desk', 'ward']);
    expect(labels).toEqual(['bed', 'bill', 'visit']);
    const desk = clients.get('desk')!;
    expect(desk.data.train).toHaveLength(20);
    expect(new Set(desk.data.train.map(({ label }) => label))).toEqual(new Set([1]));
    expect(desk.data.personalTest.map(({ text }) => text)).toEqual(
      expect.arrayContaining(['desk test 0', 'desk test 1']),
    );
    const ward = clients.get('ward')!;
    expect(ward.data.train.length + ward.data.personalTest.length).toBe(40);
    expect([desk.deviceClass, ward.deviceClass]).toEqual(['phone', 'tablet']);
    expect(showsHistograms).toBe(false);
  });

  it('have digests that only their own site could make', async () => {
    const siteFile = await readSiteFile(join(folder, 'north.yaml'));
    const settings = new TrainerSettings({ home: folder, siteFile });
    const one = await openSiteData(specOf(), settings, KEY);
    const other = await openSiteData(specOf(), settings, new Uint8Array(32).fill(2));
    expect((await open()).clients.get('ward')!.digest).toBe(one.clients.get('ward')!.digest);
    expect(one.clients.get('ward')!.digest).not.toBe(other.clients.get('ward')!.digest);
  });

  it('are tested in general on the spec’s file where the site has it, on its own test rows where not', async () => {
    const test = { file: join(folder, 'general.csv'), text: 'note', label: 'queue' };
    const withFile = await open({ test });
    const trained = new Set([...withFile.clients.values()].flatMap(({ data }) => data.train.map(({ text }) => text)));
    expect(withFile.generalTest.length).toBeGreaterThan(0);
    expect(withFile.generalTest.filter(({ text }) => trained.has(text))).toEqual([]);
    expect(withFile.notes.join()).toMatch(/32 rows of the general test are trained on here: left out/);
    const without = await open({ test: { ...test, file: join(folder, 'not-here.csv') } });
    expect(without.generalTest.every(({ text }) => /^(ward|desk test) /.test(text))).toBe(true);
    expect(without.notes.join()).toMatch(/the spec’s file is not at this site/);
  });

  it('may have no label that the spec has not: file and line', async () => {
    await expect(open({ labels: ['bed', 'visit'] })).rejects.toMatchObject({
      code: 'data.label-not-agreed',
      message: expect.stringMatching(
        /desk\.csv, line 2: label "bill" is not one of the experiment's, which are bed, visit/,
      ),
    });
  });

  it('are opened wherever their operator says, the spec’s file only under the roots', async () => {
    expect((await open({}, { dataRoots: [] })).clients.size).toBe(2);
    const test = { file: join(folder, 'general.csv'), text: 'note', label: 'queue' };
    await expect(open({ test }, { dataRoots: ['/nowhere'] })).rejects.toMatchObject({
      code: 'trainer.path-not-allowed',
    });
    expect((await open({ test }, { dataRoots: [folder] })).notes.join()).toMatch(/32 rows of the general test/);
  });
});

describe('a site file', () => {
  it.each([
    [SITE.replace('site: north', 'site: North Clinic'), /north2\.yaml:2: site: a site is named in lower case/],
    [SITE.replace('train: ward.csv', 'trian: ward.csv'), /north2\.yaml:5: clients\.ward\.data\.trian: unknown field/],
    [
      SITE.replace('deviceClass: phone', 'device: phone'),
      /north2\.yaml:6: clients\.desk\.device: unknown field; allowed/,
    ],
    ['site: north\nclients: {}\n', /north2\.yaml:2: clients: a site hosts at least one client/],
    ['site: north\n', /clients: is missing/],
    [
      SITE.replace('source: csv, train: ward', 'source: sites, train: ward'),
      /north2\.yaml:5: clients\.ward\.data\.source: /,
    ],
  ])('names file, line and field: %#', async (text, message) => {
    const path = join(folder, 'north2.yaml');
    await writeFile(path, text);
    await expect(readSiteFile(path)).rejects.toThrow(message);
  });
});
