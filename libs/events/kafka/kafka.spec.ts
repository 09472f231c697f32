import 'reflect-metadata';
import { linksMeasured, roundOpened, roundPlanned, type BlobReference } from '#contracts';
import type { BlobStore } from '#storage';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { testKafka } from '../../../test/kafka/test-kafka.ts';
import { ChannelProbe, CoordinatorProbe, probe } from '../contract/probes.ts';
import { type KafkaBench, Noon, openKafkaBench, until } from '../contract/transport-bench.ts';
import type { Publisher } from '../publisher.ts';
import { seal } from '../seal.ts';
import { encodeChunk } from './chunk-record.ts';
import { encodeEvent } from './event-record.ts';
import { KafkaConnection } from './kafka-connection.ts';
import type { KafkaSettings } from './kafka-settings.ts';

const kafka = await testKafka();
const describeKafka = kafka === undefined ? describe.skip : describe;

/** What only a broker can show: offsets, groups, topics that are otherwise, logins. */
describeKafka('Kafka', () => {
  let settings: KafkaSettings;
  let bench: KafkaBench;
  let store: BlobStore;
  let publisher: Publisher;

  beforeEach(async () => {
    probe.heard = [];
    probe.onEvent = () => undefined;
    settings = kafka!.settings({ partitions: 2 });
    bench = await openKafkaBench(settings);
    store = bench.newStore();
    publisher = bench.publisher('coordinator', store);
  });

  afterEach(async () => {
    await bench.close();
  });

  const measure = (round: number, experiment = 'e'): Promise<void> =>
    publisher.publish(linksMeasured, { round, links: [] }, { experiment });
  const rounds = (): number[] => probe.heard.map(({ data }) => (data as { round: number }).round);
  const committedOffsets = async (group: string): Promise<number[]> => {
    const admin = bench.connection.kafka.admin();
    await admin.connect();
    const [topic] = await admin.fetchOffsets({ groupId: `${settings.prefix}.${group}` });
    await admin.disconnect();
    return (topic?.partitions ?? []).map(({ offset }) => Number(offset)).filter((offset) => offset >= 0);
  };

  it('hands a message again that was not handled when its reader stopped', async () => {
    await measure(1);
    const hanging = await bench.start(CoordinatorProbe, { service: 'coordinator' }, store, { lastWaitMs: 100 });
    probe.onEvent = ({ data }) => ((data as { round: number }).round === 2 ? new Promise(() => undefined) : undefined);
    await measure(2);
    await measure(3);
    await until(() => rounds().includes(1));
    await until(async () => (await committedOffsets('coordinator')).includes(1));
    await bench.stop(hanging);
    probe.onEvent = () => undefined;
    await bench.start(CoordinatorProbe, { service: 'coordinator' });
    await until(() => probe.heard.length === 3);
    expect(rounds()).toEqual([1, 2, 3]);
  });

  it('shares a service’s messages among its replicas, and lets one take over what another leaves', async () => {
    const replicas = [bench, await openKafkaBench(settings)] as const;
    const concurrency = 1;
    const [first, second] = await Promise.all(
      replicas.map((replica) => replica.start(CoordinatorProbe, { service: 'coordinator', concurrency })),
    );
    for (let round = 1; round <= 20; round += 1) await measure(round, `e-${String(round)}`);
    await until(() => new Set(rounds()).size === 20);
    await replicas[0].stop(first!);
    for (let round = 21; round <= 40; round += 1) await measure(round, `e-${String(round)}`);
    await until(() => new Set(rounds()).size === 40);
    await replicas[1].stop(second!);
    await replicas[1].close();
  });

  describe('with a blob that is cut off in the middle', () => {
    const bytes = new Uint8Array(2_200_000).map((_unused, at) => at % 253);
    let global: BlobReference;
    const fact = () => {
      const data = { round: 9, forEvaluation: false, cohort: [], global, deadlineMs: 1000 };
      return seal(roundOpened, data, { experiment: 'e' }, 'coordinator', new Noon());
    };
    const topic = () => `${settings.prefix}.channel`;
    const sendPiece = (at: number, length: number, event = fact().id): Promise<void> => {
      const piece = Buffer.from(bytes.subarray(at, at + length));
      return bench.connection.send(
        topic(),
        encodeChunk({ event, digest: global.digest, bytes: bytes.length, offset: at, piece }, 'e'),
      );
    };
    const sendEvent = (): Promise<void> => bench.connection.send(topic(), encodeEvent(fact(), global));
    const plan = (round: number): Promise<void> =>
      publisher.publish(roundPlanned, { round, candidates: [] }, { experiment: 'e' });

    beforeEach(async () => {
      global = { digest: await bench.newStore().put(bytes), bytes: bytes.length };
    });

    it('never commits past its first chunk, and has it whole after a restart', async () => {
      const reader = await bench.start(ChannelProbe, { service: 'channel' });
      await plan(1);
      await sendPiece(0, 1_000_000);
      await plan(2);
      await until(() => probe.heard.length === 2);
      await until(async () => (await committedOffsets('channel')).includes(1));
      await bench.stop(reader);
      expect(await committedOffsets('channel')).toEqual([1]);

      const blobs = bench.newStore();
      await bench.start(ChannelProbe, { service: 'channel' }, blobs);
      await sendPiece(1_000_000, 1_200_000);
      await sendEvent();
      await until(() => rounds().includes(9));
      expect(Buffer.compare(await blobs.read(global.digest), bytes)).toBe(0);
      await until(async () => (await committedOffsets('channel')).includes(5));
    });

    it('goes on where the sender begins again', async () => {
      const blobs = bench.newStore();
      await bench.start(ChannelProbe, { service: 'channel' }, blobs);
      await sendPiece(0, 1_000_000);
      await sendPiece(0, 1_000_000);
      await sendPiece(1_000_000, 1_000_000);
      await sendPiece(2_000_000, 200_000);
      await sendEvent();
      await until(() => rounds().includes(9));
      expect(Buffer.compare(await blobs.read(global.digest), bytes)).toBe(0);
      expect(bench.deadLetters).toEqual([]);
    });

    it('gives up what its sender never finishes, and commits past it', async () => {
      await bench.start(ChannelProbe, { service: 'channel' }, store, { orphanAfterMs: 300 });
      await sendPiece(0, 1000);
      await plan(1);
      await until(async () => (await committedOffsets('channel')).includes(2));
      await sendEvent();
      await until(() => bench.deadLetters.length === 1);
      expect(bench.deadLetters[0]).toMatchObject({ code: 'blob.incomplete' });
    });

    it('refuses bytes that are not what they claim to be, and what has a gap', async () => {
      await bench.start(ChannelProbe, { service: 'channel' });
      const wrong = { ...global, digest: `sha256:${'1'.repeat(64)}` as const };
      const claim = { event: fact().id, digest: wrong.digest, bytes: bytes.length };
      for (const [from, to] of [
        [0, 1_100_000],
        [1_100_000, 2_200_000],
      ] as const)
        await bench.connection.send(
          topic(),
          encodeChunk({ ...claim, offset: from, piece: Buffer.from(bytes.subarray(from, to)) }, 'e'),
        );
      await bench.connection.send(topic(), encodeEvent(fact(), wrong));
      await until(() => bench.deadLetters.length === 1);
      await sendPiece(0, 1000);
      await sendPiece(5000, 1000);
      await sendEvent();
      await until(() => bench.deadLetters.length === 2);
      expect(bench.deadLetters.map(({ code }) => code)).toEqual(['blob.wrong-digest', 'blob.incomplete']);
      expect(probe.heard).toEqual([]);
    });
  });

  it('puts aside bytes that are no message at all, with where they lay', async () => {
    await bench.start(ChannelProbe, { service: 'channel' });
    const record = { key: Buffer.from('k'), value: Buffer.from([0xff, 0xfe]), headers: { ce_type: 'round.planned' } };
    await bench.connection.send(`${settings.prefix}.channel`, record);
    await publisher.publish(roundPlanned, { round: 1, candidates: [] }, { experiment: 'e' });
    await until(() => probe.heard.length === 1 && bench.deadLetters.length === 1);
    expect(bench.deadLetters[0]).toMatchObject({
      ...{ service: 'channel', topic: `${settings.prefix}.channel`, offset: 0, key: 'k', code: 'event.malformed' },
      headers: { ce_type: 'round.planned' },
      value: Buffer.from([0xff, 0xfe]),
    });
  });

  it('handles a dead letter that is sent once more', async () => {
    let mended = false;
    probe.onEvent = () => {
      if (!mended) throw new Error('not yet mended');
    };
    await bench.start(CoordinatorProbe, { service: 'coordinator' });
    await measure(1);
    await until(() => bench.deadLetters.length === 1);
    mended = true;
    await bench.connection.resend(bench.deadLetters[0]!);
    await until(() => probe.heard.length === 1);
    expect(rounds()).toEqual([1]);
  });

  it('keeps a membership while a handler takes longer than a session', async () => {
    await bench.close();
    settings = { ...settings, sessionTimeoutMs: 6000 };
    bench = await openKafkaBench(settings);
    publisher = bench.publisher('coordinator', store);
    await bench.start(CoordinatorProbe, { service: 'coordinator' });
    let handled = 0;
    probe.onEvent = async () => {
      handled += 1;
      await new Promise((resolve) => setTimeout(resolve, 8000));
    };
    await measure(1);
    await until(() => probe.heard.length === 1);
    await measure(2);
    await until(() => probe.heard.length === 2);
    expect(handled).toBe(2);
  });

  it('does not hear what is said under another prefix', async () => {
    const other = await openKafkaBench(kafka!.settings({ partitions: 1 }));
    await other.start(CoordinatorProbe, { service: 'coordinator' });
    await bench.start(CoordinatorProbe, { service: 'coordinator' });
    await measure(1);
    await until(() => probe.heard.length === 1);
    await other
      .publisher('coordinator', other.newStore())
      .publish(linksMeasured, { round: 2, links: [] }, { experiment: 'e' });
    await until(() => probe.heard.length === 2);
    await other.close();
    expect(rounds()).toEqual([1, 2]);
  });

  it('says which topic is otherwise than declared, and how to mend it', async () => {
    await expect(KafkaConnection.open({ ...settings, partitions: 7 })).rejects.toMatchObject({
      code: 'kafka.topic-mismatch',
      message: expect.stringMatching(/has 2 partitions where 7 are expected.*AIRTUNE_KAFKA_PARTITIONS=2/),
    });
  });

  it('refuses a message above the limit before it is sent', async () => {
    const candidates = Array.from({ length: 100_000 }, (_unused, at) => `client-${String(at)}-${'x'.repeat(40)}`);
    await expect(
      bench.connection.send(`${settings.prefix}.channel`, {
        ...{ key: Buffer.from('e'), value: Buffer.from(JSON.stringify(candidates)) },
        headers: { ce_type: 'round.planned' },
      }),
    ).rejects.toMatchObject({
      code: 'kafka.message-too-large',
      message: expect.stringMatching(/^round\.planned has \d+ bytes/),
    });
  });

  it('says that no broker answers, where, and what to do', async () => {
    // Nobody listens on the discard port.
    const brokers = ['127.0.0.1:9'];
    await expect(KafkaConnection.open({ ...settings, brokers })).rejects.toMatchObject({
      code: 'kafka.unreachable',
      retryable: true,
      message: expect.stringMatching(new RegExp(`no Kafka broker answers at ${brokers[0]!}.*AIRTUNE_KAFKA_BROKERS`)),
    });
  }, 60_000);

  const itGuarded = kafka?.guarded === undefined ? it.skip : it;
  itGuarded('logs in by SCRAM, and says so when the password is wrong', async () => {
    const { broker, username, password } = kafka!.guarded!;
    const guarded = { ...kafka!.settings({ partitions: 1 }), brokers: [broker] };
    const sasl = { mechanism: 'scram-sha-256', username, password } as const;
    const connection = await KafkaConnection.open({ ...guarded, sasl });
    await connection.close();
    await expect(KafkaConnection.open({ ...guarded, sasl: { ...sasl, password: 'wrong' } })).rejects.toMatchObject({
      code: 'kafka.authentication-refused',
      message: expect.stringMatching(/refuses airtune.*AIRTUNE_KAFKA_SASL/),
    });
  });
});
