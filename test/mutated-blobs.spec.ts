import 'reflect-metadata';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { auditExperiment } from '#audit';
import { experimentSpec, type Envelope } from '#contracts';
import { contributionStatement, signJson, type Signer } from '#ledger';
import { decodeSafetensors, digestOf, manifestOf, type TensorManifest } from '#parameters';
import { BlobStore, findExperiment, openSigningKey, type ExperimentRecord } from '#storage';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { describeBase } from '../apps/cli/spec/describe-base.ts';
import { siteFolder } from '../apps/trainer/site-folders.ts';
import { scenarios } from './faults/scenarios.ts';
import type { BatteredSystem, Letter } from './mutated-run/battered-system.ts';
import { blobMutations, mutateBlob } from './mutated-run/mutate-blob.ts';
import { startBattered, type Battered } from './mutated-run/start-battered.ts';

const SITE = 'site-a';
const CLIENTS = 16;
const ROUNDS = Number(process.env['AIRTUNE_BLOB_ROUNDS'] ?? 6);
/** Whose blobs nobody touches, so that no round is left without a contribution. */
const HONEST = 'client-0';
const SEED = 20_261_201;
const spec = experimentSpec.parse({
  ...scenarios.plain,
  rounds: ROUNDS,
  clients: { count: CLIENTS, partition: { minimumExamples: 2 } },
  evaluation: { personalExamples: 1, generalExamples: 1 },
});

let battered: Battered;
let home: string;
let record: ExperimentRecord;
let system: BatteredSystem;

beforeAll(async () => {
  battered = await startBattered(SITE, 'brevity');
  ({ home, record, system } = battered);
}, 60_000);

afterAll(() => battered.close(), 60_000);

interface Crossing {
  readonly round: number;
  readonly client: string;
  readonly answers: `sha256:${string}`;
  readonly examples: number;
  readonly head: `sha256:${string}` | null;
  readonly blob: { readonly digest: `sha256:${string}`; readonly bytes: number };
}

/** What a site says that has these bytes to send instead: by its own key. */
function signedFor(letter: Letter, bytes: Uint8Array, signer: Signer): Letter {
  const envelope = JSON.parse(letter.json) as Envelope;
  const said = envelope.data as Crossing;
  const blob = { digest: digestOf(bytes), bytes: bytes.length };
  const { round, client, answers: base, examples, head } = said;
  const statement = contributionStatement({
    experiment: envelope.experiment,
    ...{ round, client, base, blob: blob.digest, examples, head },
  });
  const data = { ...said, blob, signature: signJson(signer, statement) };
  return { ...letter, json: JSON.stringify({ ...envelope, data }) };
}

/** Exactly the tensors that were asked for, and nothing but numbers in them. */
function isWhole(bytes: Uint8Array, manifest: TensorManifest): boolean {
  try {
    const tensors = decodeSafetensors(bytes);
    const sameTensors = JSON.stringify(manifestOf(tensors)) === JSON.stringify(manifest);
    return sameTensors && [...tensors.values()].every(({ data }) => data.every(Number.isFinite));
  } catch {
    return false;
  }
}

it('blobs of other bytes than they should have, signed and announced as they are, harm nobody: what is unfit is refused with its reason', async () => {
  const { base, initialShared } = await describeBase(spec);
  const manifest = manifestOf(decodeSafetensors(initialShared));
  const drawn = fc.sample(blobMutations, { seed: SEED, numRuns: 2 * CLIENTS * ROUNDS });
  const signer = await openSigningKey(siteFolder(home, SITE));
  const expected = new Map<string, boolean>();
  const siteBlobs = new BlobStore(join(home, 'sites', SITE, 'blobs'));
  const sent = new Map<string, Uint8Array>();
  const exchanged = async ({ round, client, blob }: Crossing): Promise<Uint8Array> => {
    const crossing = `${String(round)} ${client}`;
    const bytes = sent.get(crossing) ?? mutateBlob(await siteBlobs.read(blob.digest), drawn[sent.size]!);
    sent.set(crossing, bytes);
    expected.set(crossing, isWhole(bytes, manifest));
    return bytes;
  };
  // Channel and coordinator are told the same.
  system.broker.tamper = async (letter, parcel) => {
    if (letter.type !== 'upload.sent') return { letter, parcel };
    const said = (JSON.parse(letter.json) as Envelope).data as Crossing;
    if (said.client === HONEST) return { letter, parcel };
    const bytes = await exchanged(said);
    const chunks = async function* () {
      yield await Promise.resolve(bytes);
    };
    return { letter: signedFor(letter, bytes, signer), parcel: parcel && { digest: digestOf(bytes), chunks } };
  };
  await system.coordinatorBlobs.put(initialShared);
  await system.experiments.submit('battered', spec, base);
  let state = 'running';
  while (['enrolling', 'running'].includes(state)) {
    await sleep(100);
    ({ state } = await record.use((db) => findExperiment(db, 'battered')));
  }
  expect(state).toBe('finished');
  expect(system.faults).toEqual([]);
  expect(expected.size).toBe((CLIENTS - 1) * ROUNDS);

  const rows = await record.use((db) =>
    db.query<{ round: number; client: string; verdict: string; code: string | null }[]>(
      `SELECT round, client, verdict, reason_code AS code FROM airtune.contribution WHERE experiment_id = 'battered'`,
    ),
  );
  const found = rows.filter(({ client }) => client !== HONEST);
  expect(
    found.map(({ round, client, verdict }) => [`${String(round)} ${client}`, verdict === 'accepted']).sort(),
  ).toEqual([...expected].sort());
  const codes = new Set(found.flatMap(({ code }) => code ?? []));
  expect([...codes].sort()).toEqual(
    ['foreign-tensor', 'malformed', 'misshapen-tensor', 'missing-tensor', 'non-finite-tensor'].filter((code) =>
      codes.has(code),
    ),
  );
  expect(codes.size).toBeGreaterThan(2);
  expect([...expected.values()].filter(Boolean).length).toBeGreaterThan(0);
  expect(await auditExperiment('battered', { record, blobs: system.coordinatorBlobs })).toMatchObject({
    verdict: 'intact',
  });
}, 240_000);
