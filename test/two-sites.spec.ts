import 'reflect-metadata';
import { readdir, readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { clientEnrolled, experimentSubmitted, type DataOf, type Envelope } from '#contracts';
import type { ClosingFigures } from '#storage';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { readExperimentSpec } from '../apps/cli/spec/read-experiment-spec.ts';
import { Laboratory } from './whole-run.ts';

const example = resolve(import.meta.dirname, '../examples/two-sites');
const files = {
  clinic: 'north/clinic.csv',
  surgery: 'north/surgery.csv',
  practice: 'south/practice.csv',
  general: 'general/messages.csv',
};

describe('two sites whose data never meet', () => {
  let laboratory: Laboratory;
  let closing: ClosingFigures;
  const facts: Envelope[] = [];

  beforeAll(async () => {
    laboratory = await Laboratory.open({ siteFiles: ['north.yaml', 'south.yaml'].map((file) => join(example, file)) });
    const spec = await readExperimentSpec(join(example, 'spec.yaml'));
    const training = { ...spec.training, steps: 4 };
    closing = await laboratory.run({ ...spec, rounds: 2, training }, (envelope) => facts.push(envelope));
  });

  afterAll(async () => {
    await laboratory.close();
  });

  it('train one model together, each client at its own site', () => {
    expect(closing.clients.map(({ client, site }) => `${client} at ${site}`)).toEqual([
      'clinic at north',
      'practice at south',
      'surgery at north',
    ]);
    expect(new Set(closing.clients.map(({ personalDigest }) => personalDigest)).size).toBe(3);
    const { mean, first } = closing.metrics.personalAccuracy;
    expect(mean!).toBeGreaterThan(first!);
  });

  it('agree on the labels without showing how many rows have which', () => {
    const enrolments = facts
      .filter(({ type }) => type === clientEnrolled.name)
      .map(({ data }) => data as DataOf<typeof clientEnrolled>);
    expect(enrolments).toHaveLength(3);
    for (const { labels, labelHistogram, deviceClass, client } of enrolments) {
      expect(labels).toEqual(['appointment', 'billing', 'medication', 'result']);
      expect(labelHistogram).toBeUndefined();
      expect(deviceClass).toBe(client === 'practice' ? 'laptop' : 'workstation');
    }
  });

  it('send no sentence and no label of a row to anybody: not in a fact, not in a blob, not to each other', async () => {
    const said = facts.map((fact) => JSON.stringify(withoutAgreedLabels(fact))).join('\n');
    const { home } = laboratory;
    const everything: Record<string, Buffer> = { 'a fact': Buffer.from(said) };
    for (const place of ['coordinator', 'channel', 'sites/north', 'sites/south']) {
      everything[place] = await bytesUnder(join(home, place));
    }
    expect(everything['coordinator']!.byteLength).toBeGreaterThan(0);
    for (const [client, file] of Object.entries(files)) {
      const [, ...rows] = (await readFile(join(example, file), 'utf8')).trim().split('\n');
      expect(rows.length).toBeGreaterThan(90);
      for (const row of rows) {
        const sentence = row.replace(/,\w+$/, '').replace(/^"(.*)"$/, '$1');
        const places = Object.keys(everything).filter((place) => everything[place]!.includes(sentence));
        expect({ client, sentence, places }).toEqual({ client, sentence, places: [] });
      }
    }
    expect(said).not.toMatch(/appointment|billing|medication/);
  });

  it('keep each client’s state, and its key, at its own site', async () => {
    const { home } = laboratory;
    for (const [site, clients] of Object.entries({ north: ['clinic', 'surgery'], south: ['practice'] })) {
      const experiment = 'two-sites-1';
      expect((await readdir(join(home, 'sites', site, experiment, 'clients'))).sort()).toEqual(clients);
    }
    const keys = await Promise.all(
      ['north', 'south'].map((site) => readFile(join(home, 'sites', site, 'signing-key.pem'), 'utf8')),
    );
    expect(keys[0]).not.toBe(keys[1]);
  });
});

/** What everybody may know: the spec, in which the labels were agreed on, and the same list in each enrolment. */
function withoutAgreedLabels({ type, data }: Envelope): unknown {
  if (type === experimentSubmitted.name) return {};
  return { ...(data as object), labels: [] };
}

/** All files of a folder. A site still removes its last answered jobs when a run has ended: then it is looked at once more. */
async function bytesUnder(folder: string, again = 5): Promise<Buffer> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const paths = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  try {
    return Buffer.concat(await Promise.all(paths.map((path) => readFile(path))));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT' && again > 0) return bytesUnder(folder, again - 1);
    throw error;
  }
}
