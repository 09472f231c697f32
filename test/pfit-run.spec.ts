import 'reflect-metadata';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { auditExperiment } from '#audit';
import { Session } from '#autograd';
import type { Envelope, ExperimentSpec } from '#contracts';
import { formatPrompt } from '#datasets';
import { channelPlan, readOrders, uploadBytes } from '#federation';
import { digestExportedDecoder, loadDecoder, loadTokenizer } from '#language-models';
import { digestOf, encodeSafetensors } from '#parameters';
import { closingFigures } from '#storage';
import { streamText } from '#tuning';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import type pg from 'pg';
import { compareExported } from '../apps/cli/commands/compare-exported.ts';
import { compareCompletions } from '../apps/cli/commands/compare-completions.ts';
import { writeClientModel } from '../apps/cli/commands/write-client-model.ts';
import { openClientModel } from '../apps/trainer/open-client-model.ts';
import { describeBase } from '../apps/cli/spec/describe-base.ts';
import { openSuperuser } from './postgres/open-superuser.ts';
import { startTestServer, type TestServer } from './postgres/test-server.ts';
import { digestsOf, Laboratory, smallPfitSpec } from './whole-run.ts';

/** Three clients that leave out four channels of ten, over a link that loses nothing. */
function pfitSpec(changes: object = {}): ExperimentSpec {
  return smallPfitSpec({
    name: 'pfit',
    rounds: 2,
    clients: { count: 3 },
    trainableBlocks: 2,
    sparsity: { attention: 0.4 },
    link: { fading: 'none', meanSnrDb: 15, bandwidthHz: 5e6 },
    ...changes,
  });
}

/** The logits of a sequence, as an ONNX file alone gives them. */
async function openLogits(bytes: Uint8Array) {
  const session = await Session.open({ bytes, weights: [], nodes: [] });
  const close = () => session.close();
  const logitsOf = async (ids: readonly number[]): Promise<number[]> => {
    const shape = [1, ids.length];
    const { logits } = await session.run({
      input_ids: { type: 'int64', shape, data: BigInt64Array.from(ids, BigInt) },
      attention_mask: { type: 'int64', shape, data: BigInt64Array.from(ids, () => 1n) },
    });
    return [...(logits!.data as Float32Array)];
  };
  return { logitsOf, close };
}

interface Opened {
  readonly channelOrder?: string;
  readonly cohort: readonly { readonly client: string; readonly keep?: number }[];
}

/** Four whole runs, on a machine that may have other work. */
jest.setTimeout(180_000);

describe('a run of PFIT that leaves out channels', () => {
  let server: TestServer;
  let databaseUrl: string;
  let laboratory: Laboratory;
  let superuser: pg.Client;

  beforeAll(async () => {
    server = await startTestServer();
    databaseUrl = await server.createDatabase();
    laboratory = await Laboratory.open({ databaseUrl });
    superuser = await openSuperuser(databaseUrl);
  });

  afterAll(async () => {
    await superuser.end();
    await laboratory.close();
    await server.stop();
  });

  const runAndHear = async (spec: ExperimentSpec) => {
    const facts: Envelope[] = [];
    const closing = await laboratory.run(spec, (envelope) => facts.push(envelope));
    const dataOf = (type: string) => facts.filter((fact) => fact.type === type).map(({ data }) => data);
    return { closing, dataOf };
  };
  const audit = () => {
    const { record, coordinatorBlobs: blobs } = laboratory.system;
    return auditExperiment('pfit-1', { record, blobs });
  };

  it('announces an order a round, sends what is kept and no byte more, and comes to the same bits again', async () => {
    const spec = pfitSpec();
    const { closing, dataOf } = await runAndHear(spec);
    const { base } = await describeBase(spec);
    const plan = channelPlan(spec, base.shared.manifest)!;

    const opened = dataOf('round.opened') as Opened[];
    const orders = opened.slice(0, 2).map(({ channelOrder }) => channelOrder!);
    for (const order of orders) readOrders(plan.families, order);
    expect(new Set(orders).size).toBe(2);
    expect(opened[2]!.channelOrder).toBeUndefined();
    expect(opened[0]!.cohort.map(({ keep }) => keep)).toEqual([0.6, 0.6, 0.6]);

    // 51 of 128 attention channels are left out; names and shapes in the header stay.
    const sent = (dataOf('upload.sent') as { blob: { bytes: number } }[]).map(({ blob }) => blob.bytes);
    expect(sent).toEqual(Array(6).fill(uploadBytes(plan, 0.6)));
    expect(closing.cost.uploads).toEqual({ bytes: 6 * sent[0]!, denseBytes: 6 * base.shared.initial.bytes });
    expect(1 - sent[0]! / base.shared.initial.bytes).toBeCloseTo(0.1323, 4);

    // The distance has a column of its own, and neither it nor KL is 0 from the second iteration on.
    const { rows } = await superuser.query<{ kl: number; distance: number; rollouts: object }>(
      `SELECT kl_nats AS kl, squared_distance AS distance, rollouts FROM local_training WHERE experiment_id = 'pfit-1'`,
    );
    expect(rows).toHaveLength(6);
    expect(rows.every(({ kl, distance }) => kl > 0 && distance > 0)).toBe(true);
    expect(rows[0]!.rollouts).toMatchObject({ iterations: 2, completions: 8, emptyCompletions: expect.any(Number) });
    const { reward } = closing.metrics;
    expect(Object.keys(reward!.components)).toEqual(['helpfulness', 'safety']);
    expect(reward!.gain).toMatchObject({ instructions: 6, isShown: expect.any(Boolean) });

    const again = await laboratory.run(spec);
    expect(digestsOf(again)).toEqual(digestsOf(closing));
    // The bytes without sparsity, which are computed beside those that were sent, are those of such a run.
    const { closing: dense, dataOf: heardOfDense } = await runAndHear(pfitSpec({ sparsity: { attention: 0 } }));
    const whole = (heardOfDense('upload.sent') as { blob: { bytes: number } }[]).map(({ blob }) => blob.bytes);
    expect(whole.reduce((sum, bytes) => sum + bytes, 0)).toBe(closing.cost.uploads?.denseBytes);
    expect(dense.globalDigest).not.toBe(closing.globalDigest);
    expect(dense.cost.uploads).toBeUndefined();
  });

  it('comes to the same bits whether one worker computes it with two threads, or two with one each, in fp32 and in int8', async () => {
    const training = { batchSize: 4, learningRate: 1e-3, maxTokens: 48 };
    const ends: string[] = [];
    for (const precision of ['fp32', 'int8']) {
      const spec = (parallel: number) =>
        pfitSpec({ rounds: 1, clients: { count: 2 }, training: { ...training, parallel }, base: { precision } });
      const { closing, dataOf } = await runAndHear(spec(1));
      for (const { basePrecision } of dataOf('client.enrolled') as { basePrecision: string }[])
        expect(basePrecision).toMatch(new RegExp(`^${precision}`));
      expect(digestsOf(await laboratory.run(spec(2)))).toEqual(digestsOf(closing));
      ends.push(closing.globalDigest);
    }
    expect(ends[0]).not.toBe(ends[1]);
  });

  it('ends elsewhere with a KL penalty than without; without iterations of their own, clients end with what is shared', async () => {
    const ppo = { ...smallPfitSpec().ppo, ownIterations: 0 };
    const penalised = (kl: number) => pfitSpec({ rounds: 1, ppo: { ...ppo, kl } });
    const [without, by] = [await laboratory.run(penalised(0)), await laboratory.run(penalised(0.05))];
    expect(by.globalDigest).not.toBe(without.globalDigest);
    expect(by.clients.map(({ own }) => own)).toEqual([null, null, null]);
    expect(by.metrics.reward!.own).toBeUndefined();
    const { shared } = await openClientModel(laboratory.home, 'local', by.experiment, 'client-1');
    expect(digestOf(encodeSafetensors(shared))).toBe(by.globalDigest);
  });

  it('keeps fewer channels on a poorer link, a subset of what the others keep', async () => {
    const link = {
      ...{ fading: 'none', meanSnrDb: 5, downlinkSnrDb: 30, bandwidthHz: 5e6, deadlineMs: 1500 },
      snrOffsetDb: { 'client-1': -8 },
    };
    const spec = pfitSpec({ rounds: 1, link, sparsity: { attention: 0.4, scope: 'tunable' } });
    const { closing, dataOf } = await runAndHear(spec);
    const [opened] = dataOf('round.opened') as Opened[];
    const keeps = opened!.cohort.map(({ keep }) => keep!);
    expect(keeps[0]).toBe(0.6);
    expect(keeps[1]).toBeLessThan(0.6);
    const sent = dataOf('upload.sent') as { client: string; blob: { bytes: number } }[];
    const bytesOf = (client: string) => sent.find((upload) => upload.client === client)?.blob.bytes ?? NaN;
    const { base } = await describeBase(spec);
    const plan = channelPlan(spec, base.shared.manifest)!;
    expect([bytesOf('client-0'), bytesOf('client-1')]).toEqual(
      keeps.slice(0, 2).map((keep) => uploadBytes(plan, keep)),
    );
    expect(1 - bytesOf('client-0') / base.shared.initial.bytes).toBeCloseTo(0.398, 3);
    const [first] = dataOf('round.committed') as { contributions: { client: string }[] }[];
    expect(first!.contributions.map(({ client }) => client)).toContain('client-1');
    const { record, coordinatorBlobs: blobs } = laboratory.system;
    expect((await auditExperiment(closing.experiment, { record, blobs })).findings).toEqual([]);
  });

  it('shows what was answered before and after, from texts that are at the site', async () => {
    const { record } = laboratory.system;
    const compared = await compareCompletions(record, laboratory.home, {
      id: 'pfit-1',
      spec: pfitSpec(),
      client: 'client-0',
    });
    expect(compared.length).toBeGreaterThan(0);
    for (const { instruction, before, after, own } of compared) {
      expect(instruction).not.toMatch(/^Q:/);
      for (const { text, rewards } of [before, after, own!]) {
        expect(text).not.toBe('');
        expect(Object.keys(rewards).sort()).toEqual(['helpfulness', 'safety']);
      }
    }
    const elsewhere = { id: 'pfit-1', spec: pfitSpec(), client: 'client-0' };
    expect(await compareCompletions(record, join(laboratory.home, 'elsewhere'), elsewhere)).toEqual([]);
  });

  it('ends in a decoder of each client’s own, as it was measured', async () => {
    const { record } = laboratory.system;
    const { clients, globalDigest, metrics } = await record.use((db) => closingFigures(db, 'pfit-1'));
    const digests = clients.map(({ own }) => own!.digest);
    expect(new Set([globalDigest, ...digests]).size).toBe(4);
    expect(metrics.reward!.own!.gain).toMatchObject({ instructions: 6 });
    for (const { client, own, reward } of clients) {
      const model = await openClientModel(laboratory.home, 'local', 'pfit-1', client);
      expect(digestOf(encodeSafetensors(model.shared))).toBe(own!.digest);
      expect(own).toMatchObject({ untuned: null, reward: { completions: reward!.completions } });
      expect(own!.gain!.mean).toBeCloseTo(own!.reward!.weighted - reward!.weighted, 12);
    }
    const { rows } = await superuser.query<{ decoder: string; reward: number }>(
      `SELECT decoder, reward FROM own_decoders WHERE experiment = 'pfit-1' ORDER BY client`,
    );
    expect(rows).toEqual(clients.map(({ own }) => ({ decoder: own!.digest, reward: own!.reward!.weighted })));
    const { rows: tuned } = await superuser.query<{ tuning: object }>(
      `SELECT tuning FROM evaluation WHERE experiment_id = 'pfit-1' AND arm = 'own'`,
    );
    expect(tuned).toEqual(Array(3).fill({ tuning: expect.objectContaining({ iterations: 1, completions: 4 }) }));
  });

  it('whose graph and whose graph and whose text leave out the keys that training left out', async () => {
    const out = join(laboratory.home, 'exported');
    const model = await openClientModel(laboratory.home, 'local', 'pfit-1', 'client-1');
    const { files } = await writeClientModel(out, model, { precision: 'fp32', overwrite: false });
    expect(files).toEqual(expect.arrayContaining(['config.json', 'model.onnx', 'model.safetensors', 'tokenizer.json']));
    const { tensors, config } = await loadDecoder(out);
    for (const [name, tensor] of model.shared) expect(tensors.get(name)).toEqual(tensor);
    const digest = digestOf(encodeSafetensors(model.shared));
    expect(await digestExportedDecoder(out)).toEqual({ experiment: 'pfit-1', client: 'client-1', digest });
    const settings = { home: laboratory.home, threads: 1, databaseUrl };
    expect(await compareExported('pfit-1', [out], settings, undefined)).toMatchObject([{ is: 'own', digest }]);
    expect(await compareExported('pfit-2', [out], settings, undefined)).toMatchObject([{ is: 'unknown' }]);

    const pieces: string[] = [];
    const generated = await streamText(
      out,
      { instruction: 'Define "river".' },
      {
        settings: { maxNewTokens: 12, temperature: 0 },
        seed: 0,
        threads: 1,
        onPiece: (piece) => pieces.push(piece),
      },
    );
    expect(pieces.join('')).toBe(generated.text);
    const { logitsOf, close } = await openLogits(await readFile(join(out, 'model.onnx')));
    const tokenizer = await loadTokenizer(out);
    const ids = [tokenizer.clsTokenId, ...tokenizer.encodeRaw(formatPrompt({ instruction: 'Define "river".' }))];
    const start = ids.length;
    for (let drawn = 0; drawn < generated.newTokens; drawn++) {
      const last = (await logitsOf(ids)).slice(-config.vocabulary);
      ids.push(last.indexOf(Math.max(...last)));
    }
    await close();
    expect(tokenizer.decode(ids.slice(start)).trim()).toBe(generated.text.trim());
  });

  it('is audited: orders, keeps and averages are derived again', async () => {
    const report = await audit();
    expect(report.findings).toEqual([]);
    // Own decoders are held against the scores of their own evaluation.
    const own = `WHERE experiment_id = 'pfit-1' AND round = 3 AND iteration = 2 AND place = 0 AND client = 'client-0'`;
    const { rows } = await superuser.query<{ standardised: number }>(
      `SELECT standardised FROM score ${own} ORDER BY reward`,
    );
    await superuser.query(`UPDATE score SET standardised = standardised + 1 ${own}`);
    expect((await audit()).findings.map(({ code }) => code)).toContain('figures.reward');
    expect(rows).toHaveLength(2);
    await superuser.query(`UPDATE score SET standardised = $1 ${own} AND reward = 'helpfulness'`, [
      rows[0]!.standardised,
    ]);
    await superuser.query(`UPDATE score SET standardised = $1 ${own} AND reward = 'safety'`, [rows[1]!.standardised]);
    expect(report.rounds.slice(0, 2).map(({ aggregate }) => aggregate)).toEqual(Array(2).fill('same digest'));
    // Whoever changes row and ledger alike is still found out by what follows from seed and links.
    const where = `WHERE experiment_id = 'pfit-1'`;
    const tampered = `jsonb_set(covers, '{cohort, 0, keep}', '0.5')`;
    await superuser.query(`CREATE TEMPORARY TABLE kept AS SELECT * FROM ledger ${where}`);
    await superuser.query(`UPDATE ledger SET covers = ${tampered} ${where} AND kind = 'round.opened'`);
    const codes = (await audit()).findings.map(({ code }) => code);
    expect(codes).toEqual(expect.arrayContaining(['ledger.hash', 'round.keep', 'round.aggregate']));
    const [first, second] = (
      await superuser.query<{ channel_order: string }>(`SELECT channel_order FROM round ${where} ORDER BY number`)
    ).rows.map((row) => row.channel_order);
    const swapped = `jsonb_set(covers, '{channel_order}', to_jsonb(CASE WHEN covers->>'number' = '1' THEN '${second}' ELSE '${first}' END))`;
    await superuser.query(`DELETE FROM ledger ${where}`);
    await superuser.query(`INSERT INTO ledger SELECT * FROM kept`);
    await superuser.query(
      `UPDATE ledger SET covers = ${swapped} ${where} AND kind = 'round.opened' AND covers->>'number' IN ('1', '2')`,
    );
    const found = (await audit()).findings.filter(({ code }) => code === 'round.channel-order');
    expect(found.map(({ round }) => round)).toEqual(expect.arrayContaining([1, 2]));
    await superuser.query(`DELETE FROM ledger ${where}`);
    await superuser.query(`INSERT INTO ledger SELECT * FROM kept`);
    expect((await audit()).findings).toEqual([]);
  });
});
