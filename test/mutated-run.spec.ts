import 'reflect-metadata';
import { setTimeout as sleep } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import { auditExperiment } from '#audit';
import { contracts, type Envelope, envelopeSchema, type ExperimentSpec } from '#contracts';
import { closingFigures, findExperiment, type ExperimentRecord } from '#storage';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { describeBase } from '../apps/cli/spec/describe-base.ts';
import { scenarios } from './faults/scenarios.ts';
import { type Outcome, readOutcome } from './faults/outcome.ts';
import type { BatteredSystem, Letter } from './mutated-run/battered-system.ts';
import { mutate, mutations } from './mutated-run/mutate-json.ts';
import { allKinds, kindsOf, lettersBeside } from './mutated-run/sample-letters.ts';
import { startBattered, type Battered } from './mutated-run/start-battered.ts';

/** So many are tried by every test run; AIRTUNE_MUTATIONS=10000 for all. */
const MUTATIONS = Number(process.env['AIRTUNE_MUTATIONS'] ?? 1500);
const SEED = 20_261_124;
const MODEL = 'brevity';
const spec: ExperimentSpec = scenarios.plain;

let battered: Battered;
let databaseUrl: string;
let record: ExperimentRecord;
let system: BatteredSystem;

beforeAll(async () => {
  battered = await startBattered('site-a', MODEL);
  ({ databaseUrl, record, system } = battered);
}, 60_000);

afterAll(() => battered.close(), 60_000);

async function submit(experiment: string): Promise<void> {
  const { base, initialShared } = await describeBase(spec);
  await system.coordinatorBlobs.put(initialShared);
  await system.experiments.submit(experiment, spec, base);
}

async function until(what: string, holds: () => boolean | Promise<boolean>, ms = 60_000): Promise<void> {
  for (const end = performance.now() + ms; performance.now() < end;) {
    if (await holds()) return;
    await sleep(20);
  }
  throw new Error(`${what} did not come to pass; faults: ${system.faults.map(String).join('; ')}`);
}

/** Until nothing has been handled for a while; what is held up is not waited for. */
async function quiet(): Promise<void> {
  for (let seen = -1; seen !== system.fates.length;) {
    seen = system.fates.length;
    await sleep(150);
  }
}

async function stateOf(experiment: string): Promise<string> {
  return (await record.use((db) => findExperiment(db, experiment))).state;
}

async function outcomeOf(experiment: string): Promise<Outcome> {
  await until(`the end of ${experiment}`, async () => (await stateOf(experiment)) === 'finished');
  const figures = await record.use((db) => closingFigures(db, experiment));
  // What is refused here does not say whose it was.
  return readOutcome(databaseUrl, experiment, 'finished', figures);
}

const experimentOf = ({ json }: Letter): string => (JSON.parse(json) as Envelope).experiment;

/** What a letter says, if it says anything: `same` as the one that it was made of, or something of its own. */
function meaningOf(letter: Letter, original: Letter): 'nothing' | 'same' | 'other' {
  const contract = contracts.find(({ name }) => name === letter.type)!;
  const read = (json: string): Envelope | undefined => {
    try {
      const envelope = envelopeSchema.parse(JSON.parse(json));
      if (envelope.type !== contract.name || envelope.dataversion !== contract.version) return undefined;
      return { ...envelope, data: contract.schema.parse(envelope.data) };
    } catch {
      return undefined;
    }
  };
  const [said, before] = [read(letter.json), read(original.json)];
  if (said === undefined) return 'nothing';
  const same = said.experiment === before?.experiment && isDeepStrictEqual(said.data, before.data);
  return same ? 'same' : 'other';
}

/** The letter as one of another experiment. */
function readdressed(letter: Letter, from: string, to: string): Letter {
  const envelope = JSON.parse(letter.json) as { experiment: string; key: string };
  const json = JSON.stringify({ ...envelope, experiment: to, key: envelope.key.replace(from, to) });
  return { ...letter, key: letter.key.replace(from, to), json };
}

it(
  `${String(MUTATIONS)} mutated messages of every contract, in the middle of a round, change nothing: each is refused with a recorded reason, or does what it says`,
  async () => {
    await submit('calm');
    const calm = await outcomeOf('calm');

    // Two runs are held up in their second round. What still makes sense after a change is said of the second of them.
    const opened = Promise.withResolvers<undefined>();
    const meanings = new Map<Letter, 'nothing' | 'same' | 'other'>();
    const held = new Set<string>();
    system.broker.hold = async (letter) => {
      if (meanings.has(letter) || letter.type !== 'upload.delivered' || !letter.json.includes('"round":2')) return;
      held.add(experimentOf(letter));
      await opened.promise;
    };
    await Promise.all([submit('battered'), submit('victim')]);
    await until('the second round', () => held.has('battered') && held.has('victim'));
    await quiet();

    const of = (experiment: string): Letter[] =>
      system.broker.seen.filter((letter) => experimentOf(letter) === experiment);
    const own = of('battered');
    const beside = lettersBeside(own, 'victim', MODEL);
    const samples = [
      ...own.map((letter) => [letter, 'battered'] as const),
      ...beside.map((letter) => [letter, 'victim'] as const),
    ];
    expect([...kindsOf(samples.map(([letter]) => letter))].sort()).toEqual([...allKinds].sort());

    const kinds = [...kindsOf(samples.map(([letter]) => letter))];
    const byKind = new Map(kinds.map((kind) => [kind, samples.filter(([letter]) => kindsOf([letter]).has(kind))]));
    const drawn = fc.sample(fc.tuple(fc.nat(), fc.array(mutations, { minLength: 1, maxLength: 2 })), {
      seed: SEED,
      numRuns: MUTATIONS,
    });
    for (const [index, [which, changes]] of drawn.entries()) {
      const those = byKind.get(kinds[index % kinds.length]!)!;
      const [original, experiment] = those[which % those.length]!;
      const change = (letter: Letter): Letter => {
        try {
          return { ...letter, json: changes.reduce(mutate, letter.json) };
        } catch {
          return { ...letter, json: mutate(letter.json, changes[0]!) };
        }
      };
      let mutated = change(original);
      let meaning = meaningOf(mutated, original);
      if (meaning === 'other' && experiment === 'battered' && experimentOf(mutated) === 'battered') {
        const elsewhere = readdressed(original, 'battered', 'victim');
        mutated = change(elsewhere);
        meaning = meaningOf(mutated, elsewhere);
      }
      meanings.set(mutated, meaning);
      await system.broker.send(mutated);
      if (index % 200 === 0) await quiet();
    }
    await quiet();
    opened.resolve(undefined);
    system.broker.hold = () => Promise.resolve();

    expect(await outcomeOf('battered')).toEqual(calm);
    expect(system.faults).toEqual([]);
    expect(await auditExperiment('battered', { record, blobs: system.coordinatorBlobs })).toMatchObject({
      verdict: 'intact',
    });
    // Whatever was said of the other one, it can be ended, and says so.
    await system.experiments.cancel('victim').catch((error: unknown) => {
      expect(error).toMatchObject({ code: 'experiment.ended' });
    });
    expect(['cancelled', 'failed', 'finished']).toContain(await stateOf('victim'));

    const fates = system.fates.filter(({ letter }) => meanings.has(letter));
    const wrong = fates.filter(({ letter, refused }) => {
      const meaning = meanings.get(letter);
      if (meaning === 'nothing') return refused === undefined || !/^(event|envelope)\./.test(refused);
      return meaning === 'same' ? refused !== undefined : refused === 'handler.failed';
    });
    expect(
      wrong.map(({ service, refused, letter }) => [service, refused, letter.type, letter.json.slice(0, 1500)]),
    ).toEqual([]);
    const refusedLetters = system.fates.filter(({ refused }) => refused !== undefined);
    const [kept] = await record.use((db) =>
      db.query<{ count: number }[]>('SELECT count(*)::int AS count FROM airtune.dead_letter'),
    );
    expect(kept?.count).toBe(refusedLetters.length);
    expect(refusedLetters.length).toBeGreaterThan(MUTATIONS / 3);
  },
  60_000 + 30 * MUTATIONS,
);
