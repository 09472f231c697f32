import 'reflect-metadata';
import { appendFile, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import {
  clientEnrolled,
  type DataOf,
  downloadDelivered,
  downloadLost,
  type Envelope,
  enrolmentRefused,
  evaluationReported,
  experimentFinished,
  experimentSpec,
  experimentSubmitted,
  profileChanged,
  roundCommitted,
  uploadSent,
  uploadWithheld,
} from '#contracts';
import { Clock, InProcessBroker, InProcessPublisher, InProcessServer, startService } from '#events';
import { digestCheckpoint, saveEncoder, type EncoderConfig } from '#language-models';
import { contributionStatement, enrolmentStatement, verifyJson } from '#ledger';
import { methodNamed } from '#methods';
import { decodeSafetensors, digestOf, encodeSafetensors, manifestOf } from '#parameters';
import { randomStream } from '#randomness';
import { BlobStore, openSigningKey } from '#storage';
import { clientProfile, initialEncoder, initialTensors, tensorRecipe } from '#tuning';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import type { INestMicroservice } from '@nestjs/common';
import { openClientModel } from './open-client-model.ts';
import { TrainerModule } from './trainer.module.ts';
import { readHeads } from './witnessed-heads.ts';

class Noon extends Clock {
  now(): Date {
    return new Date('2026-01-01T12:00:00Z');
  }
}

const WORDS = ['dog', 'cat', 'horse', 'rose', 'oak', 'tulip', 'iron', 'gold', 'tin', 'big', 'old', 'the'];
const LABELS = ['animal', 'plant', 'metal'];
const config: EncoderConfig = {
  modelType: 'bert',
  layers: 2,
  hidden: 16,
  heads: 2,
  intermediate: 32,
  vocabulary: WORDS.length + 5,
  maxPositions: 16,
  typeVocabulary: 2,
  layerNormEpsilon: 1e-12,
  activation: 'gelu',
  positionOffset: 0,
  padTokenId: 0,
};
const experiment = 'tiny-7';
const transmission = {
  bits: 1,
  bitsDelivered: 1,
  meanSnrDb: 5,
  blocks: 1,
  attempts: 1,
  delayMs: 1,
  airtimeMs: 1,
  energyJ: 1,
  outcome: 'delivered',
} as const;

function csv(name: string, count: number): string {
  const stream = randomStream(1, 'rows', name);
  const rows = Array.from({ length: count }, (_, i) => {
    const label = stream.integer(3);
    const words = ['the', i, WORDS[9 + stream.integer(2)], WORDS[3 * label + stream.integer(3)]];
    return `${words.join(' ')},${LABELS[label]!}`;
  });
  return ['text,label', ...rows].join('\n');
}

/** A site under test, and everything around it that this test plays itself: coordinator and channel. */
class Site {
  readonly facts: Envelope[] = [];
  readonly faults: Error[] = [];
  readonly home: string;
  private readonly broker = new InProcessBroker();
  private readonly ground: BlobStore;
  private readonly blobs: BlobStore;
  private readonly speaker: InProcessPublisher;
  private service: INestMicroservice | undefined;

  constructor(home: string) {
    this.home = home;
    this.ground = new BlobStore(join(home, 'ground'));
    this.blobs = new BlobStore(join(home, 'site-blobs'));
    this.speaker = new InProcessPublisher({
      broker: this.broker,
      source: 'channel',
      blobs: this.ground,
      clock: new Noon(),
    });
    this.broker.watch((envelope) => this.facts.push(envelope));
    this.broker.onFault(({ error }) => this.faults.push(error));
  }

  async start(settings: object = {}): Promise<void> {
    const clock = new Noon();
    const publisher = new InProcessPublisher({ broker: this.broker, source: 'trainer', blobs: this.blobs, clock });
    const parts = { publisher, blobs: this.blobs, clock, settings: { home: this.home, threads: 2, ...settings } };
    const module = TrainerModule.register({ ...parts, onFault: (error) => this.faults.push(error) });
    const server = new InProcessServer(this.broker, { service: 'trainer', site: 'local' }, this.blobs);
    this.service = await startService(module, server);
  }

  async stop(): Promise<void> {
    await this.service?.close();
    this.service = undefined;
  }

  said<Data>({ name }: { name: string }): Data[] {
    return this.facts.filter(({ type }) => type === name).map(({ data }) => data as Data);
  }

  /** Waits until `count` different facts of a kind were stated; a repeated one counts once. */
  async waitFor<Data>(contract: { name: string }, count: number): Promise<Data[]> {
    const different = () => new Set(this.facts.filter(({ type }) => type === contract.name).map(({ id }) => id)).size;
    for (let waited = 0; different() < count; waited += 10) {
      if (this.faults.length > 0) throw this.faults[0]!;
      if (waited > 30_000) throw new Error(`${contract.name} was not said ${count} times`);
      await delay(10);
    }
    return this.said<Data>(contract);
  }

  submit(submission: DataOf<typeof experimentSubmitted>): Promise<void> {
    return this.speaker.publish(experimentSubmitted, submission, { experiment });
  }

  async deliver(client: string, round: number, global: Uint8Array, forEvaluation = false, profile = 1): Promise<void> {
    const digest = await this.ground.put(global);
    const reference = { digest, bytes: global.byteLength };
    const data = { round, client, site: 'local', transmission, forEvaluation, global: reference, profile };
    await this.speaker.publish(downloadDelivered, data, { experiment, blob: digest });
  }

  /** As if the client that the bytes were sent with were heard later. */
  async deliverAhead(client: string, round: number, global: Uint8Array): Promise<void> {
    const reference = { digest: digestOf(global), bytes: global.byteLength };
    const data = { round, client, site: 'local', transmission, forEvaluation: false, global: reference };
    await this.speaker.publish(downloadDelivered, data, { experiment });
  }

  async lose(client: string, round: number, forEvaluation = false): Promise<void> {
    const data = {
      round,
      client,
      site: 'local',
      transmission: { ...transmission, outcome: 'lost' },
      forEvaluation,
    } as const;
    await this.speaker.publish(downloadLost, data, { experiment });
  }

  async close(round: number, global: Uint8Array, entry: number, head: string): Promise<void> {
    const reference = { digest: digestOf(global), bytes: global.byteLength };
    const ledger = { entry, head: head as ReturnType<typeof digestOf> };
    const data = { round, global: reference, contributions: [], ledger };
    await this.speaker.publish(roundCommitted, data, { experiment });
    await this.broker.settled();
  }

  async changeProfile(changed: Omit<DataOf<typeof profileChanged>, 'site'>): Promise<void> {
    await this.speaker.publish(profileChanged, { ...changed, site: 'local' }, { experiment });
    await this.broker.settled();
  }

  async finish(): Promise<void> {
    const data = { rounds: 2, globalDigest: digestOf(new Uint8Array()) };
    await this.speaker.publish(experimentFinished, data, { experiment });
    await this.broker.settled();
  }

  upload(digest: string): Promise<Uint8Array> {
    return this.blobs.read(digest);
  }

  async holds(bytes: Uint8Array): Promise<boolean> {
    return this.blobs.has(digestOf(bytes));
  }

  /** All bytes of all blobs that this site has ever sent or received. */
  async blobBytes(): Promise<Buffer> {
    const files = await readdir(this.blobs.root, { recursive: true, withFileTypes: true });
    const paths = files.filter((file) => file.isFile()).map((file) => join(file.parentPath, file.name));
    return Buffer.concat(await Promise.all(paths.map((path) => readFile(path))));
  }
}

type Enrolment = DataOf<typeof clientEnrolled>;
type Evaluation = DataOf<typeof evaluationReported>;
type Upload = DataOf<typeof uploadSent>;

describe('a site', () => {
  let folder: string;
  let submission: DataOf<typeof experimentSubmitted>;
  let initial: Uint8Array;
  let homes = 0;
  const sites: Site[] = [];

  const newSite = async (settings: object = {}): Promise<Site> => {
    const home = join(folder, `home-${(homes += 1)}`);
    await mkdir(home);
    const site = new Site(home);
    sites.push(site);
    await site.start(settings);
    return site;
  };
  const submissionOf = (more: object = {}): DataOf<typeof experimentSubmitted> => ({
    ...submission,
    spec: experimentSpec.parse({
      method: 'pftt',
      seed: 7,
      rounds: 2,
      model: join(folder, 'model'),
      data: { source: 'csv', train: join(folder, 'train.csv'), test: join(folder, 'test.csv') },
      clients: { count: 2 },
      training: { steps: 6, batchSize: 8, maxTokens: 12, learningRate: 1e-2 },
      adapters: { width: 4 },
      lora: { rank: 2, alpha: 4 },
      profiles: { 'client-1': { lora: { rank: 3, blocks: 1 } } },
      baselines: ['local-only'],
      ...more,
    }),
  });
  /** Two rounds and the last evaluation; the global model of a round is the first client's upload. Everything but the order. */
  const wholeRun = async (
    site: Site,
    order = ['client-0', 'client-1'],
    pause?: (round: number) => Promise<void>,
    submitted = submissionOf(),
  ) => {
    await site.submit(submitted);
    await site.waitFor(clientEnrolled, 2);
    let global = initial;
    for (const round of [1, 2]) {
      for (const client of order) await site.deliver(client, round, global);
      await pause?.(round);
      const uploads = await site.waitFor<Upload>(uploadSent, 2 * round);
      global = await site.upload(
        uploads.find((said) => said.round === round && said.client === 'client-0')!.blob.digest,
      );
    }
    for (const client of order) await site.deliver(client, 3, global, true);
    await site.waitFor(evaluationReported, 2 * 2 + 4);
    return summary(site);
  };
  /** What was said, once each, in an order that does not depend on time. */
  const summary = (site: Site): string[] => {
    // Each site has a key of its own.
    const uploads = site.said<Upload>(uploadSent).map((upload) => ({ ...upload, signature: '' }));
    const said = [...site.said(evaluationReported), ...uploads].map((data) => JSON.stringify(data));
    return [...new Set(said)].sort();
  };

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'trainer-'));
    const model = join(folder, 'model');
    await saveEncoder(model, { config, tensors: initialEncoder(config, 1) }, { precision: 'fp32' });
    await writeFile(join(model, 'vocab.txt'), ['[PAD]', '[UNK]', '[CLS]', '[SEP]', '[MASK]', ...WORDS].join('\n'));
    await writeFile(join(folder, 'train.csv'), csv('train', 300));
    await writeFile(join(folder, 'test.csv'), csv('test', 120));
    const base = { digest: await digestCheckpoint(model), config: { ...config }, parameters: 1 };
    const shared = { manifest: [], initial: { digest: base.digest, bytes: 0 } };
    submission = { spec: undefined as never, base: { ...base, shared } };
    const { spec } = submissionOf();
    const client = { name: 'client-0', profile: clientProfile(spec, 'client-0', config) };
    const recipe = tensorRecipe(methodNamed('pftt'), 'shared', { seed: 7, width: 4, labels: 3 }, client);
    const tensors = initialTensors(config, recipe);
    initial = encodeSafetensors(tensors);
    const manifest = manifestOf(tensors).map(({ name, shape }) => ({ name, shape: [...shape] }));
    const reference = { digest: digestOf(initial), bytes: initial.byteLength };
    submission = { ...submission, base: { ...base, shared: { manifest, initial: reference } } };
  });

  afterEach(async () => {
    for (const site of sites.splice(0)) await site.stop();
  });

  afterAll(async () => {
    await rm(folder, { recursive: true });
  });

  describe('in a whole run', () => {
    let site: Site;
    let said: string[];

    beforeAll(async () => {
      site = await newSite();
      sites.pop();
      said = await wholeRun(site);
    });

    afterAll(() => site.stop());

    it('enrols its clients with counts, and nothing of their text', () => {
      const [first, second] = site.said<Enrolment>(clientEnrolled);
      expect([first!.client, second!.client]).toEqual(['client-0', 'client-1']);
      expect(first!.labels).toEqual([...LABELS].sort());
      expect(first!.examples.train + second!.examples.train).toBe(300);
      expect(first!.labelHistogram!.reduce((sum, count) => sum + count)).toBe(first!.examples.train);
      const head = 16 * 16 + 16 + 16 * 3 + 3;
      expect(first!.parameters).toEqual({ shared: 2 * (2 * 16 * 4 + 4 + 16), personal: 2 * 2 * 2 * 2 * 16 + head });
      expect(second!.parameters.personal).toBe(2 * 2 * 3 * 16 + head);
      expect(JSON.stringify(site.facts)).not.toMatch(/tulip|horse/);
    });

    it('evaluates before it trains, learns, and sends its examples along', () => {
      const evaluations = site.said<Evaluation>(evaluationReported);
      const of = (client: string, arm: string) => evaluations.filter((e) => e.client === client && e.arm === arm);
      expect(of('client-0', 'federated').map(({ afterRound }) => afterRound)).toEqual([0, 1, 2]);
      expect(of('client-0', 'local-only').map(({ afterRound }) => afterRound)).toEqual([2]);
      const [before, , after] = of('client-0', 'federated');
      expect(after!.personal!.loss).toBeLessThan(before!.personal!.loss);
      const [upload] = site.said<Upload>(uploadSent);
      expect(upload).toMatchObject({ answers: digestOf(initial), training: { steps: 6 } });
      expect(upload!.examples).toBe(site.said<Enrolment>(clientEnrolled)[0]!.examples.train);
    });

    it('lets only adapters leave: no LoRA and no head in any fact or blob', async () => {
      for (const { blob } of site.said<Upload>(uploadSent)) {
        const names = [...decodeSafetensors(await site.upload(blob.digest)).keys()];
        expect(names.every((name) => name.startsWith('adapter.'))).toBe(true);
      }
      const everything = Buffer.concat([await site.blobBytes(), Buffer.from(JSON.stringify(site.facts))]);
      expect(everything.includes('lora.')).toBe(false);
      expect(everything.includes('head.')).toBe(false);
      const model = await openClientModel(site.home, 'local', experiment, 'client-1');
      for (const [, { data }] of model.personal) {
        const bytes = Buffer.from(data.buffer, data.byteOffset, Math.min(64, data.byteLength));
        if (data.some((value) => value !== 0)) expect(everything.includes(bytes)).toBe(false);
      }
    });

    it('says the same in another order, two at a time', async () => {
      const parallel = await newSite();
      const { training } = submissionOf().spec;
      const submitted = submissionOf({ training: { ...training, parallel: 2 } });
      expect(await wholeRun(parallel, ['client-1', 'client-0'], undefined, submitted)).toEqual(said);
    });

    it('says the same when it was stopped in mid-round and asked again', async () => {
      const interrupted = await newSite();
      const again = async (round: number): Promise<void> => {
        const global = round === 1 ? initial : await globalOf(interrupted);
        await delay(round === 1 ? 5 : 60);
        await interrupted.stop();
        await interrupted.start();
        await interrupted.submit(submissionOf());
        for (const client of ['client-0', 'client-1']) await interrupted.deliver(client, round, global);
      };
      expect(await wholeRun(interrupted, undefined, again)).toEqual(said);
    });

    it('signs who it is and what it sends, with a key that only its user may read', async () => {
      const { publicKey } = await openSigningKey(join(site.home, 'sites/local'));
      for (const { signature, notes, ...enrolment } of site.said<Enrolment>(clientEnrolled)) {
        expect(enrolment.publicKey).toBe(publicKey);
        expect(verifyJson(publicKey, enrolmentStatement({ experiment, ...enrolment }), signature)).toBe(true);
        expect(notes.join()).toMatch(/test rows were left out/);
      }
      const uploads = site.said<Upload>(uploadSent);
      for (const { round, client, answers: base, blob, examples, head, signature } of uploads) {
        const signed = contributionStatement({ experiment, round, client, base, blob: blob.digest, examples, head });
        expect(verifyJson(publicKey, signed, signature)).toBe(true);
        expect(verifyJson(publicKey, { ...signed, examples: examples + 1 }, signature)).toBe(false);
      }
      expect((await stat(join(site.home, 'sites/local/signing-key.pem'))).mode & 0o777).toBe(0o600);
    });

    it('answers a repeated question from what it stored', async () => {
      const before = site.facts.length;
      const state = join(site.home, 'sites/local', experiment, 'clients/client-0/round-0002/personal.safetensors');
      const bytes = await readFile(state);
      await site.deliver('client-0', 2, await globalOf(site));
      while (site.said(uploadSent).length < 5) await delay(10);
      const repeated = site.facts.slice(before).filter(({ type }) => type !== 'download.delivered');
      expect(repeated.map(({ type }) => type)).toEqual(['evaluation.reported', 'upload.sent']);
      expect(repeated.every(({ id }) => site.facts.slice(0, before).some((fact) => fact.id === id))).toBe(true);
      expect(await readFile(state)).toEqual(bytes);
    });

    it('keeps the last two rounds of a client and no more', async () => {
      const rounds = await readdir(join(site.home, 'sites/local', experiment, 'clients/client-1'));
      expect(rounds.sort()).toEqual(['round-0002', 'round-0003']);
      expect(await readdir(join(site.home, 'sites/local', experiment, 'jobs'))).toEqual([]);
    });

    it('opens a client’s model for export', async () => {
      const model = await openClientModel(site.home, 'local', experiment, 'client-1');
      expect(model).toMatchObject({
        round: 3,
        labels: [...LABELS].sort(),
        spec: { profiles: { 'client-1': { lora: { rank: 3 } } } },
      });
      const last = site
        .said<Evaluation>(evaluationReported)
        .findLast((e) => e.client === 'client-1' && e.arm === 'federated')!;
      expect(digestOf(encodeSafetensors(model.personal))).toBe(last.personalDigest);
      expect(digestOf(encodeSafetensors(model.shared))).toBe(last.sharedDigest);
      await expect(openClientModel(site.home, 'local', experiment, 'client-9')).rejects.toThrow('client-0, client-1');
      await expect(openClientModel(site.home, 'local', 'other', 'client-0')).rejects.toMatchObject({
        code: 'trainer.experiment-unknown',
      });
    });
  });

  const globalOf = async (site: Site): Promise<Uint8Array> => {
    const upload = site.said<Upload>(uploadSent).find(({ round, client }) => round === 1 && client === 'client-0');
    return site.upload(upload!.blob.digest);
  };

  it('evaluates what it holds when the download is lost, and does not train', async () => {
    const site = await newSite();
    await site.submit(submissionOf());
    await site.waitFor(clientEnrolled, 2);
    await site.lose('client-0', 1);
    const [first] = await site.waitFor<Evaluation>(evaluationReported, 1);
    expect(first).toMatchObject({ afterRound: 0, sharedDigest: digestOf(initial) });
    await site.deliver('client-0', 2, initial);
    const [upload] = await site.waitFor<Upload>(uploadSent, 1);
    await site.lose('client-0', 3, true);
    const evaluations = await site.waitFor<Evaluation>(evaluationReported, 4);
    expect(upload!.round).toBe(2);
    expect(evaluations.map(({ arm, afterRound }) => `${arm} ${afterRound}`)).toEqual([
      'federated 0',
      'federated 1',
      'federated 2',
      'local-only 2',
    ]);
    // Trained in the same round from the same start on the same batches, the arms are one when nobody else is heard.
    const [, , own, alone] = evaluations;
    expect(own!.sharedDigest).toBe(upload!.blob.digest);
    expect({ ...own, arm: '' }).toEqual({ ...alone, arm: '' });
  });

  it('tunes by the profile that a round asks for, and waits for one that comes after its download', async () => {
    const profile = { deviceClass: 'laptop', lora: { rank: 1, alpha: 2, blocks: 'all' as const }, rewards: {} };
    const changed = { client: 'client-1', version: 2, fromRound: 2, profile };
    const runWith = async (change: (site: Site, download: () => Promise<void>) => Promise<void>) => {
      const site = await newSite();
      await site.submit(submissionOf());
      await site.waitFor(clientEnrolled, 2);
      await site.deliver('client-1', 1, initial);
      await site.waitFor(uploadSent, 1);
      await change(site, () => site.deliver('client-1', 2, initial, false, 2));
      await site.waitFor(uploadSent, 2);
      const { personal } = await openClientModel(site.home, 'local', experiment, 'client-1');
      const shapes = [...personal].filter(([name]) => name.endsWith('.a')).map(([name, { shape }]) => [name, shape[0]]);
      const all = [0, 1].flatMap((block) => ['query', 'value'].map((target) => [`lora.${block}.${target}.a`, 1]));
      expect(shapes.sort()).toEqual(all);
      return summary(site);
    };
    const inOrder = await runWith(async (site, download) => {
      await site.changeProfile(changed);
      await download();
    });
    const late = await runWith(async (site, download) => {
      await download();
      await delay(50);
      await site.stop();
      await site.start();
      await site.submit(submissionOf());
      await delay(300);
      expect(site.said(uploadSent)).toHaveLength(1);
      for (let times = 0; times < 2; times += 1) await site.changeProfile(changed);
    });
    expect(late).toEqual(inOrder);
  });

  it('waits for a global model that it hears of before its bytes, and passes over what is long past or not its own', async () => {
    const site = await newSite();
    await site.submit(submissionOf({}));
    await site.waitFor(clientEnrolled, 2);
    await site.deliverAhead('client-1', 1, initial);
    await site.deliverAhead('client-7', 1, initial);
    await site.deliver('client-0', 1, initial);
    await site.waitFor(uploadSent, 2);
    const next = await globalOf(site);
    for (const round of [2, 3]) await site.deliver('client-0', round, next);
    const before = (await site.waitFor(uploadSent, 4)).length;
    await site.deliver('client-0', 1, initial);
    await site.deliver('client-0', 4, next);
    expect(await site.waitFor(uploadSent, 5)).toHaveLength(before + 1);
    expect(site.faults).toEqual([]);
  });

  it('withholds an upload whose loss is not finite, and keeps what it had', async () => {
    const site = await newSite();
    // Decay of 10 · 1 a step multiplies every parameter by -9: 60 steps are more than float32 holds.
    const training = { steps: 60, batchSize: 8, maxTokens: 12, learningRate: 10, weightDecay: 1, schedule: 'constant' };
    await site.submit(submissionOf({ training: { ...training, warmupFraction: 0 } }));
    await site.waitFor(clientEnrolled, 2);
    await site.deliver('client-0', 1, initial);
    const [withheld] = await site.waitFor<DataOf<typeof uploadWithheld>>(uploadWithheld, 1);
    expect(withheld).toMatchObject({ round: 1, client: 'client-0', reason: 'loss-not-finite' });
    await site.deliver('client-0', 2, initial, true);
    const [before, after] = await site.waitFor<Evaluation>(evaluationReported, 3);
    expect(after!.personalDigest).toBe(before!.personalDigest);
    expect(site.said(uploadSent)).toEqual([]);
  });

  it.each([
    ['are no tensors', () => new TextEncoder().encode('nothing of the kind'), /cannot be used/],
    ['are other tensors', () => encodeSafetensors(new Map([['x', { shape: [1], data: new Float32Array(1) }]])), /x/],
  ])('withholds its upload when the bytes of a global model %s, and goes on with the next', async (_, forged, why) => {
    const site = await newSite();
    await site.submit(submissionOf());
    await site.waitFor(clientEnrolled, 2);
    await site.deliver('client-0', 1, forged());
    const [withheld] = await site.waitFor<DataOf<typeof uploadWithheld>>(uploadWithheld, 1);
    expect(withheld).toMatchObject({ round: 1, client: 'client-0', reason: 'training-failed' });
    expect(withheld!.message).toMatch(why);
    expect(site.said<Evaluation>(evaluationReported)[0]).toMatchObject({ sharedDigest: digestOf(initial) });
    await site.deliver('client-0', 2, initial);
    expect(await site.waitFor<Upload>(uploadSent, 1)).toMatchObject([{ round: 2, client: 'client-0' }]);
    expect(site.faults).toEqual([]);
  });

  it.each([
    ['a label that is missing', { data: { source: 'csv', train: 'BAD', test: 'BAD' } }, /bad\.csv.*line 3/],
    [
      'more blocks than the model has',
      { profiles: { 'client-1': { lora: { blocks: 3 } } } },
      /profiles\.client-1\.lora\.blocks: 3/,
    ],
    [
      'a base that its budget has no room for',
      { profiles: { 'client-1': { base: { precision: 'int8', memoryBudgetMegabytes: 1e-4 } } } },
      /more than the 0\.0001 MB of base\.memoryBudgetMegabytes/,
    ],
    ['texts longer than the model', { training: { maxTokens: 64 } }, /training\.maxTokens: 64.*16/],
    ['a model that is not there', { model: '/nowhere/model' }, /\/nowhere\/model/],
  ])('refuses to enrol with %s, saying where it is', async (_, more, message) => {
    await writeFile(join(folder, 'bad.csv'), 'text,label\nthe dog,animal\nthe oak,\n');
    const asJson = JSON.stringify(more).replaceAll('BAD', join(folder, 'bad.csv'));
    const site = await newSite();
    await site.submit(submissionOf(JSON.parse(asJson) as object));
    const [refused] = await site.waitFor<DataOf<typeof enrolmentRefused>>(enrolmentRefused, 1);
    expect(refused!.message).toMatch(message);
    expect(site.said(clientEnrolled)).toEqual([]);
  });

  it('refuses another base than the one that was submitted', async () => {
    const site = await newSite();
    const other = submissionOf();
    await site.submit({ ...other, base: { ...other.base, digest: digestOf(Buffer.from('other')) } });
    const [refused] = await site.waitFor<DataOf<typeof enrolmentRefused>>(enrolmentRefused, 1);
    expect(refused).toMatchObject({ code: 'trainer.other-base', site: 'local' });
  });

  it('hosts its share of the clients and lets go of a finished experiment', async () => {
    const site = await newSite({ siteIndex: 1, sites: 2 });
    await site.submit(submissionOf());
    await site.waitFor(clientEnrolled, 1);
    await site.finish();
    expect(site.said<Enrolment>(clientEnrolled).map(({ client }) => client)).toEqual(['client-1']);
    await site.deliver('client-1', 1, initial);
    await delay(50);
    expect(site.said(uploadSent)).toEqual([]);
  });

  it('keeps the heads of the ledger that it sees, and signs the last one with what it sends', async () => {
    const site = await newSite();
    await site.submit(submissionOf());
    await site.waitFor(clientEnrolled, 2);
    await site.deliver('client-0', 1, initial);
    const [first] = await site.waitFor<Upload>(uploadSent, 1);
    const global = await site.upload(first!.blob.digest);
    const heads = ['one', 'two'].map((text) => digestOf(Buffer.from(text)));
    await site.close(1, global, 9, heads[0]!);
    await site.close(1, global, 9, heads[0]!);
    await site.deliver('client-0', 2, global);
    await site.waitFor(uploadSent, 2);
    await site.close(2, global, 17, heads[1]!);
    expect(site.said<Upload>(uploadSent).map(({ head }) => head)).toEqual([null, heads[0]]);
    const kept = await readHeads(site.home, 'local', experiment);
    expect(kept.map(({ round, entry, head }) => [round, entry, head])).toEqual([
      [1, 9, heads[0]],
      [2, 17, heads[1]],
    ]);
    await appendFile(join(site.home, 'sites/local', experiment, 'heads.jsonl'), '\n{"round":3,"ent');
    await site.close(3, global, 25, heads[1]!);
    expect((await readHeads(site.home, 'local', experiment)).map(({ entry }) => entry)).toEqual([9, 17, 25]);
  });

  it('lets go of blobs of rounds that are over, and of all of them at the end', async () => {
    const site = await newSite();
    await site.submit(submissionOf());
    await site.waitFor(clientEnrolled, 2);
    const globals = [initial];
    for (const round of [1, 2]) {
      await site.deliver('client-0', round, globals.at(-1)!);
      const uploads = await site.waitFor<Upload>(uploadSent, round);
      globals.push(await site.upload(uploads.at(-1)!.blob.digest));
      await site.close(round, globals.at(-1)!, round, digestOf(Buffer.from([round])));
    }
    expect(await Promise.all(globals.map((global) => site.holds(global)))).toEqual([false, true, true]);
    await site.finish();
    expect((await site.blobBytes()).byteLength).toBe(0);
  });

  it('takes up at boot what was under way, and leaves alone what is over', async () => {
    const site = await newSite();
    await site.submit(submissionOf());
    await site.waitFor(clientEnrolled, 2);
    await site.deliver('client-0', 1, initial);
    await site.stop();
    const bootAgain = async (): Promise<Site> => {
      const again = new Site(site.home);
      sites.push(again);
      await again.start({ resumeAtBoot: true });
      return again;
    };
    const again = await bootAgain();
    await again.waitFor(uploadSent, 1);
    expect(again.said(clientEnrolled)).toHaveLength(2);
    await again.submit(submissionOf());
    await again.finish();
    await again.stop();
    const after = await bootAgain();
    await delay(100);
    expect(after.facts).toEqual([]);
  });
});
