import 'reflect-metadata';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  type BlobReference,
  type DataOf,
  downloadDelivered,
  downloadLost,
  type Envelope,
  experimentSpec,
  experimentSubmitted,
  linksMeasured,
  roundOpened,
  roundPlanned,
  uploadDelivered,
  uploadLost,
  uploadSent,
} from '#contracts';
import {
  Clock,
  type Delivery,
  type Fault,
  InProcessBroker,
  InProcessPublisher,
  InProcessServer,
  On,
  startService,
} from '#events';
import { encodeSafetensors } from '#parameters';
import { transmit } from '#radio';
import { BlobStore } from '#storage';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Controller, type INestMicroservice, Module } from '@nestjs/common';
import { ChannelModule } from './channel.module.ts';

class Noon extends Clock {
  now(): Date {
    return new Date('2026-01-01T12:00:00Z');
  }
}

/** What arrived at the far ends of the channel, which only listen. */
const reached: string[] = [];

@Controller()
class CoordinatorEar {
  @On(linksMeasured)
  measured(delivery: Delivery<DataOf<typeof linksMeasured>>): void {
    reached.push(delivery.envelope.type);
  }

  @On(uploadDelivered)
  delivered(delivery: Delivery<DataOf<typeof uploadDelivered>>): void {
    reached.push(delivery.envelope.type);
  }

  @On(uploadLost)
  lost(delivery: Delivery<DataOf<typeof uploadLost>>): void {
    reached.push(delivery.envelope.type);
  }
}
@Controller()
class SiteEar {
  @On(downloadDelivered)
  delivered(delivery: Delivery<DataOf<typeof downloadDelivered>>): void {
    reached.push(delivery.envelope.type);
  }

  @On(downloadLost)
  lost(delivery: Delivery<DataOf<typeof downloadLost>>): void {
    reached.push(delivery.envelope.type);
  }
}
@Module({ controllers: [CoordinatorEar] })
class CoordinatorProbe {}
@Module({ controllers: [SiteEar] })
class SiteProbe {}

const parties = ['coordinator', 'channel', 'north', 'south'] as const;
type Party = (typeof parties)[number];
const experiment = 'pftt-7';
const cohort = [
  { client: 'client-0', site: 'north' },
  { client: 'client-1', site: 'north' },
  { client: 'client-2', site: 'south' },
];
/** 12 adapters of a small encoder: about 394 kB of real safetensors. */
const blob = encodeSafetensors(
  new Map(
    Array.from({ length: 12 }, (_, block) => [
      `adapter.${block}.down.weight`,
      { shape: [128, 64], data: new Float32Array(8192).map((_, i) => Math.sin(i + block)) },
    ]),
  ),
);
const bits = 8 * blob.byteLength;
const submission = (link: Record<string, unknown>): DataOf<typeof experimentSubmitted> => ({
  spec: experimentSpec.parse({
    method: 'pftt',
    seed: 7,
    model: 'm',
    data: { source: 'ag-news', train: 'a', test: 'b' },
    link,
  }),
  base: {
    digest: `sha256:${'0'.repeat(64)}`,
    config: {},
    parameters: 1,
    shared: { manifest: [], initial: { digest: `sha256:${'1'.repeat(64)}`, bytes: 0 } },
  },
});

describe('the channel', () => {
  let broker: InProcessBroker;
  let services: INestMicroservice[];
  let facts: Envelope[];
  let faults: Fault[];
  let folder: string;
  let stores: Record<Party, BlobStore>;
  let coordinator: InProcessPublisher;
  let north: InProcessPublisher;

  const speaker = (source: Party): InProcessPublisher =>
    new InProcessPublisher({ broker, source, blobs: stores[source], clock: new Noon() });
  const startChannel = (): Promise<INestMicroservice> =>
    startService(
      ChannelModule.register({ publisher: speaker('channel'), blobs: stores.channel }),
      new InProcessServer(broker, { service: 'channel' }, stores.channel),
    );
  const put = async (party: Party): Promise<BlobReference> => ({
    digest: await stores[party].put(blob),
    bytes: blob.byteLength,
  });
  const heard = <Data>(name: string): Data[] =>
    facts.filter(({ type }) => type === name).map(({ data }) => data as Data);

  const submit = async (link: Record<string, unknown> = {}): Promise<void> => {
    await coordinator.publish(experimentSubmitted, submission(link), { experiment });
  };
  const openRound = async (deadlineMs = 60_000): Promise<BlobReference> => {
    const global = await put('coordinator');
    const data = { round: 1, forEvaluation: false, cohort, global, deadlineMs };
    await coordinator.publish(roundOpened, data, { experiment, blob: global.digest });
    await broker.settled();
    return global;
  };
  const upload = async (claimed?: number): Promise<DataOf<typeof uploadSent>> => {
    const reference = await put('north');
    const data: DataOf<typeof uploadSent> = {
      round: 1,
      client: 'client-1',
      site: 'north',
      blob: { ...reference, bytes: claimed ?? reference.bytes },
      answers: `sha256:${'2'.repeat(64)}`,
      examples: 120,
      head: `sha256:${'3'.repeat(64)}`,
      signature: 'S'.repeat(86),
      training: { steps: 20, firstLoss: 1, lastLoss: 0.5, meanLoss: 0.7 },
    };
    await north.publish(uploadSent, data, { experiment, blob: reference.digest });
    await broker.settled();
    return data;
  };

  beforeEach(async () => {
    broker = new InProcessBroker();
    reached.length = 0;
    facts = [];
    faults = [];
    broker.watch((envelope) => facts.push(envelope));
    broker.onFault((fault) => faults.push(fault));
    folder = mkdtempSync(join(tmpdir(), 'airtune-channel-'));
    stores = Object.fromEntries(parties.map((party) => [party, new BlobStore(join(folder, party))])) as typeof stores;
    coordinator = speaker('coordinator');
    north = speaker('north');
    services = [
      await startChannel(),
      await startService(CoordinatorProbe, new InProcessServer(broker, { service: 'coordinator' }, stores.coordinator)),
      await startService(SiteProbe, new InProcessServer(broker, { service: 'trainer', site: 'north' }, stores.north)),
      await startService(SiteProbe, new InProcessServer(broker, { service: 'trainer', site: 'south' }, stores.south)),
    ];
  });

  afterEach(async () => {
    for (const service of services) await service.close();
    rmSync(folder, { recursive: true });
  });

  it('measures what a base station knows of every candidate', async () => {
    await submit({ snrOffsetDb: { 'client-1': 3 }, downlinkSnrDb: 25 });
    await coordinator.publish(roundPlanned, { round: 4, candidates: ['client-0', 'client-1'] }, { experiment });
    await broker.settled();
    const [measured] = heard<DataOf<typeof linksMeasured>>('links.measured');
    expect(measured?.round).toBe(4);
    expect(measured?.links.map(({ meanSnrDb }) => meanSnrDb)).toEqual([
      { uplink: 5, downlink: 25 },
      { uplink: 8, downlink: 28 },
    ]);
    expect([measured!.links[0]!.ergodicBitsPerSecondPerHz.uplink]).toBeAllClose([1.715974185]);
  });

  it('carries the global model to every client, and its bytes once to every site', async () => {
    await submit();
    const received: string[] = [];
    for (const site of ['north', 'south'] as const) {
      const put = stores[site].putStream.bind(stores[site]);
      stores[site].putStream = (chunks, digest) => {
        received.push(site);
        return put(chunks, digest);
      };
    }
    const global = await openRound();
    const delivered = heard<DataOf<typeof downloadDelivered>>('download.delivered');
    expect(delivered.map(({ client, site }) => ({ client, site }))).toEqual(cohort);
    expect(received).toEqual(['north', 'south']);
    expect(reached).toEqual(['download.delivered', 'download.delivered', 'download.delivered']);
    expect(Buffer.compare(await stores.south.read(global.digest), blob)).toBe(0);

    const { link, seed } = submission({}).spec;
    const expected = transmit(link, { seed, client: 'client-2', round: 1, direction: 'downlink', bits });
    expect(delivered[2]).toMatchObject({
      forEvaluation: false,
      global,
      transmission: { bits, bitsDelivered: bits, delayMs: expected.delayMs, outcome: 'delivered' },
    });
    expect(new Set(delivered.map(({ transmission }) => transmission.delayMs)).size).toBe(3);
    expect(faults).toEqual([]);
  });

  it('loses downloads at the deadline, and then no byte reaches a site', async () => {
    await submit();
    const global = await openRound(100);
    const lost = heard<DataOf<typeof downloadLost>>('download.lost');
    expect(lost.map(({ client }) => client)).toEqual(['client-0', 'client-1', 'client-2']);
    expect(lost[0]?.transmission).toMatchObject({ outcome: 'lost', reason: 'deadline', delayMs: 100, airtimeMs: 100 });
    expect(await stores.north.has(global.digest)).toBe(false);
    expect(await stores.south.has(global.digest)).toBe(false);
  });

  it('carries an upload with its bytes, and names what it answers', async () => {
    await submit();
    const sent = await upload();
    const [delivered] = heard<DataOf<typeof uploadDelivered>>('upload.delivered');
    const { client, answers, examples, head, signature } = sent;
    expect(delivered).toMatchObject({ client, answers, examples, head, signature, blob: sent.blob });
    expect(delivered?.transmission).toMatchObject({ bits, bitsDelivered: bits, meanSnrDb: 5, outcome: 'delivered' });
    expect(Buffer.compare(await stores.coordinator.read(sent.blob.digest), blob)).toBe(0);
  });

  it('keeps the bytes of an upload that is lost', async () => {
    await submit({ rate: { policy: 'fixed', bitsPerSecondPerHz: 3 }, maxAttempts: 2 });
    const sent = await upload();
    expect(heard<DataOf<typeof uploadLost>>('upload.lost')).toMatchObject([
      { client: 'client-1', blob: sent.blob, transmission: { outcome: 'lost', reason: 'attempts' } },
    ]);
    expect(await stores.coordinator.has(sent.blob.digest)).toBe(false);
  });

  it('charges for the bytes that are there, whatever the fact claims', async () => {
    await submit();
    await upload(1);
    expect(heard<DataOf<typeof uploadDelivered>>('upload.delivered')[0]?.transmission.bits).toBe(bits);
  });

  it('says the same again when asked again, also after a restart', async () => {
    await submit();
    await openRound();
    await upload();
    const first = facts.filter(({ source }) => source === 'channel').map(({ id }) => id);
    facts.length = 0;
    await services.shift()!.close();
    services.unshift(await startChannel());
    await submit();
    await openRound();
    await upload();
    expect(facts.filter(({ source }) => source === 'channel').map(({ id }) => id)).toEqual(first);
    expect(first).toHaveLength(4);
  });

  it('refuses an experiment that it was not told of, and one whose link cannot be simulated', async () => {
    await openRound();
    expect(faults[0]).toMatchObject({ error: { code: 'channel.experiment-unknown', retryable: true } });
    await submit({ deadlineMs: 1e9, coherenceTimeMs: 0.01 });
    await broker.settled();
    expect(faults[1]).toMatchObject({ error: { code: 'radio.link-invalid', retryable: false } });
    expect(facts.filter(({ source }) => source === 'channel')).toEqual([]);
  });
});
