import 'reflect-metadata';
import {
  downloadDelivered,
  experimentFinished,
  linksMeasured,
  roundOpened,
  roundPlanned,
  uploadSent,
  type BlobReference,
  type Envelope,
} from '#contracts';
import type { BlobStore } from '#storage';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { testKafka } from '../../../test/kafka/test-kafka.ts';
import type { Publisher } from '../publisher.ts';
import { seal } from '../seal.ts';
import { TransportError } from '../transport-error.ts';
import { ChannelProbe, CoordinatorProbe, probe, SiteProbe, TRAINING, TRANSMISSION } from './probes.ts';
import { Noon, openInProcessBench, openKafkaBench, type TransportBench, until } from './transport-bench.ts';

const kafka = await testKafka();
const digest = `sha256:${'0'.repeat(64)}` as const;

const transports: [string, () => Promise<TransportBench>][] = [['in one process', openInProcessBench]];
if (kafka !== undefined) transports.push(['Kafka', () => openKafkaBench(kafka.settings())]);

/** What every transport promises. */
describe.each(transports)('the transport: %s', (_, openBench) => {
  let bench: TransportBench;
  let store: BlobStore;
  let publisher: Publisher;
  let receiver: BlobStore;
  let experiments = 0;
  let experiment: string;

  beforeAll(async () => {
    bench = await openBench();
    store = bench.newStore();
    publisher = bench.publisher('coordinator', store);
    receiver = bench.newStore();
    await bench.start(ChannelProbe, { service: 'channel' }, receiver);
  });

  beforeEach(() => {
    probe.heard = [];
    probe.onEvent = () => undefined;
    bench.deadLetters.length = 0;
    experiment = `e-${String((experiments += 1))}`;
  });

  afterAll(async () => {
    await bench.close();
  });

  const plan = (round: number, candidates: string[] = []): Promise<void> =>
    publisher.publish(roundPlanned, { round, candidates }, { experiment });
  const open = (round: number, global: BlobReference, from = publisher): Promise<void> => {
    const data = { round, forEvaluation: false, cohort: [], global, deadlineMs: 1000 };
    return from.publish(roundOpened, data, { experiment, blob: global.digest });
  };
  const put = async (bytes: Uint8Array, blobs = store): Promise<BlobReference> => ({
    digest: await blobs.put(bytes),
    bytes: bytes.length,
  });
  const rounds = (): number[] => probe.heard.map(({ data }) => (data as { round: number }).round);

  it('hands a fact to the handler of its contract, by value, in its envelope', async () => {
    const candidates = ['client-0'];
    await plan(1, candidates);
    candidates.push('client-1');
    await until(() => probe.heard.length === 1);
    const [heard] = probe.heard;
    expect(heard!.data).toEqual({ round: 1, candidates: ['client-0'] });
    expect(heard!.envelope).toEqual({
      ...{ specversion: '1.0', type: 'round.planned', dataversion: 1, source: 'coordinator' },
      ...{ time: '2026-01-01T12:00:00.000Z', experiment, key: experiment },
      id: expect.stringMatching(/^[0-9a-f]{64}$/),
      data: heard!.data,
    });
  });

  it('refuses to state what breaks the contract, and to send a blob that it does not hold', async () => {
    await expect(plan(-1)).rejects.toMatchObject({ code: 'event.invalid' });
    await expect(open(1, { digest, bytes: 1 })).rejects.toMatchObject({ code: 'blob.missing' });
  });

  it('keeps the order of each experiment', async () => {
    const sent = Array.from({ length: 60 }, (_unused, round) => round);
    await Promise.all(
      sent.map((round) =>
        publisher.publish(
          roundPlanned,
          { round, candidates: [] },
          { experiment: `${experiment}-${String(round % 3)}` },
        ),
      ),
    );
    await until(() => probe.heard.length === 60);
    for (const part of [0, 1, 2]) {
      const heard = probe.heard.filter(({ envelope }) => envelope.experiment === `${experiment}-${String(part)}`);
      expect(heard.map(({ data }) => (data as { round: number }).round)).toEqual(
        sent.filter((round) => round % 3 === part),
      );
    }
  });

  it.each([0, 1, 1_048_000, 3_000_001])(
    'has a blob of %i bytes in the reader’s store before the event is handled',
    async (size) => {
      const bytes = new Uint8Array(size).map((_unused, at) => (at * 31 + size) % 251);
      const global = await put(bytes);
      let there: boolean | undefined;
      probe.onEvent = async () => {
        there = await receiver.has(global.digest);
      };
      await open(1, global);
      await until(() => probe.heard.length === 1);
      expect(there).toBe(true);
      expect(Buffer.compare(await receiver.read(global.digest), bytes)).toBe(0);
    },
  );

  it('tells blobs apart whose chunks arrive between each other’s, and sends one twice without harm', async () => {
    const blobs = await Promise.all([1, 2, 3].map((fill) => put(new Uint8Array(2_500_000).fill(fill))));
    const others = bench.publisher('coordinator-2', store);
    await Promise.all([open(1, blobs[0]!), open(2, blobs[1]!, others), open(3, blobs[2]!), open(3, blobs[2]!, others)]);
    await until(() => probe.heard.length === 4);
    expect(rounds().sort()).toEqual([1, 2, 3, 3]);
    for (const { digest: stored } of blobs) await receiver.read(stored);
    expect(bench.deadLetters).toEqual([]);
  });

  it('keys an upload by its client on its way up, and by its experiment at the coordinator', async () => {
    const coordinator = await bench.start(CoordinatorProbe, { service: 'coordinator' });
    const blob = await put(new Uint8Array([7, 7, 7]));
    const vouched = { head: null, signature: 'A'.repeat(86) };
    const upload = { round: 1, client: 'client-0', site: 'lab', blob, answers: digest, examples: 1, ...vouched };
    await publisher.publish(uploadSent, { ...upload, training: TRAINING }, { experiment, blob: blob.digest });
    await until(() => probe.heard.length === 2);
    expect(probe.heard.map(({ envelope }) => envelope.key).sort()).toEqual([experiment, `${experiment}/client-0`]);
    await bench.stop(coordinator);
  });

  it('lets a site hear only what is for it', async () => {
    const site = await bench.start(SiteProbe, { service: 'trainer', site: 'lab' });
    const other = await bench.start(SiteProbe, { service: 'trainer', site: 'other' });
    for (const [round, at] of [
      [1, 'other'],
      [2, 'lab'],
    ] as const) {
      const transfer = { round, client: 'client-0', site: at, transmission: TRANSMISSION };
      const data = { ...transfer, forEvaluation: false, global: { digest, bytes: 1 } };
      await publisher.publish(downloadDelivered, data, { experiment });
    }
    await until(() => probe.heard.length === 2);
    await bench.stop(other);
    expect(rounds().sort()).toEqual([1, 2]);
    await bench.stop(site);
  });

  it('tells whoever comes later the last word on each experiment', async () => {
    for (const rounds of [1, 2])
      await publisher.publish(experimentFinished, { rounds, globalDigest: digest }, { experiment });
    const site = await bench.start(SiteProbe, { service: 'trainer', site: 'late' });
    const said = (): unknown[] =>
      probe.heard
        .filter(({ envelope }) => envelope.experiment === experiment)
        .map(({ data }) => (data as { rounds: number }).rounds);
    await until(() => said().at(-1) === 2);
    await bench.stop(site);
  });

  it('hands a message again when its handler says that a retry may help, before the next of its key', async () => {
    let failures = 3;
    probe.onEvent = ({ data }) => {
      if ((data as { round: number }).round === 1 && failures-- > 0)
        throw new TransportError('probe.not-yet', 'not yet', { retryable: true });
    };
    await plan(1);
    await plan(2);
    await until(() => probe.heard.length === 2);
    expect(rounds()).toEqual([1, 2]);
    expect(bench.deadLetters).toEqual([]);
  });

  it('puts aside what a handler cannot handle, says why, and goes on', async () => {
    probe.onEvent = ({ data }) => {
      if ((data as { round: number }).round === 1) throw new TransportError('probe.poison', 'no cohort');
    };
    await plan(1);
    await plan(2);
    await until(() => probe.heard.length === 1 && bench.deadLetters.length === 1);
    expect(rounds()).toEqual([2]);
    expect(bench.deadLetters[0]).toMatchObject({
      service: 'channel',
      code: 'probe.poison',
      reason: 'no cohort',
      key: experiment,
    });
  });

  it('puts aside what it cannot read: another version, data that breaks the contract', async () => {
    const fact = (): Envelope =>
      seal(roundPlanned, { round: 1, candidates: [] }, { experiment }, 'coordinator', new Noon());
    await bench.sendAsIs({ topic: 'channel' }, { ...fact(), dataversion: 99 });
    await bench.sendAsIs({ topic: 'channel' }, { ...fact(), data: { round: 'one' } });
    await plan(2);
    await until(() => probe.heard.length === 1 && bench.deadLetters.length === 2);
    expect(rounds()).toEqual([2]);
    expect(bench.deadLetters.map(({ code }) => code)).toEqual(['event.version', 'event.invalid']);
  });

  it('handles as many messages at once as the listener asks for, started in their order', async () => {
    const coordinator = await bench.start(CoordinatorProbe, { service: 'coordinator', concurrency: 2 });
    const started: number[] = [];
    const gates: (() => void)[] = [];
    probe.onEvent = ({ data }) => {
      started.push((data as { round: number }).round);
      return new Promise((resolve) => gates.push(resolve));
    };
    for (const round of [1, 2, 3]) await publisher.publish(linksMeasured, { round, links: [] }, { experiment });
    await until(() => started.length === 2);
    expect(started).toEqual([1, 2]);
    gates[1]!();
    await until(() => started.length === 3);
    expect(started).toEqual([1, 2, 3]);
    for (const pass of gates) pass();
    await until(() => probe.heard.length === 3);
    await bench.stop(coordinator);
  });
});
