import 'reflect-metadata';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { roundOpened, roundPlanned } from '#contracts';
import { afterAll, describe, expect, it } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { testKafka } from '../../../test/kafka/test-kafka.ts';
import { ChannelProbe, probe } from '../contract/probes.ts';
import { openKafkaBench, until } from '../contract/transport-bench.ts';
import { KafkaConnection } from './kafka-connection.ts';
import { kafkajs } from './kafka-library.ts';
import { topicName } from './topic-names.ts';

const kafka = await testKafka();
const describeKafka = kafka === undefined ? describe.skip : describe;
const at = (broker: string) => ({ ...kafka!.settings({ partitions: 1 }), brokers: [broker] });

/** What the tests open, and close again. */
const servers: Server[] = [];
const sockets: Socket[] = [];

/** Something at a port of this machine that is no broker, or stands before one. */
async function listen(answer: (socket: Socket) => void): Promise<string> {
  const server = createServer((socket) => {
    sockets.push(socket.on('error', () => undefined));
    answer(socket);
  }).listen(0, '127.0.0.1');
  servers.push(server);
  await once(server, 'listening');
  return `127.0.0.1:${String((server.address() as AddressInfo).port)}`;
}

/** The broker, but when it says which requests it knows it leaves one out, as older ones do. */
async function brokerWithout(request: number): Promise<string> {
  const [host = '', port = ''] = kafka!.settings().brokers[0]!.split(':');
  return listen((client) => {
    const broker = connect({ host, port: Number(port) }).on('error', () => undefined);
    sockets.push(broker);
    client.pipe(broker);
    // First come length, number of the answer, error, and how many there are; then of each its number, from and to.
    broker.once('data', (said: Buffer) => {
      for (let place = 14; place + 6 <= said.length; place += 6)
        if (said.readInt16BE(place) === request) said.writeInt16BE(9999, place);
      client.write(said);
      broker.pipe(client);
    });
  });
}

describeKafka('a broker that cannot be used', () => {
  Logger.overrideLogger(false);

  afterAll(() => {
    for (const socket of sockets.splice(0)) socket.destroy();
    for (const server of servers.splice(0)) server.close();
  });

  it('is something else: the error says what answered, and where', async () => {
    const broker = await listen((socket) => socket.once('data', () => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n')));
    await expect(KafkaConnection.open(at(broker))).rejects.toMatchObject({
      code: 'kafka.not-kafka',
      retryable: false,
      message: expect.stringMatching(new RegExp(`${broker} is not Kafka.*HTTP/1.1 400.*AIRTUNE_KAFKA_BROKERS`)),
    });
  });

  it('says nothing at all: that is told in time', async () => {
    const broker = await listen(() => undefined);
    await expect(KafkaConnection.open(at(broker))).rejects.toMatchObject({
      code: 'kafka.unreachable',
      retryable: true,
      message: expect.stringContaining(broker),
    });
  });

  it('is older than what we speak', async () => {
    const initProducerId = 22;
    const broker = await brokerWithout(initProducerId);
    await expect(KafkaConnection.open(at(broker))).rejects.toMatchObject({
      code: 'kafka.version',
      message: expect.stringMatching(/another version.*Kafka 2\.1 or later/),
    });
  });

  const itGuarded = kafka?.guarded === undefined ? it.skip : it;
  itGuarded('wants a login that we do not have: the error says how to give one', async () => {
    await expect(KafkaConnection.open(at(kafka!.guarded!.broker))).rejects.toMatchObject({
      code: 'kafka.unreachable',
      message: expect.stringMatching(/AIRTUNE_KAFKA_SASL_MECHANISM/),
    });
  });

  itGuarded('refuses the way of logging in', async () => {
    const { broker, username, password } = kafka!.guarded!;
    const sasl = { mechanism: 'plain', username, password } as const;
    await expect(KafkaConnection.open({ ...at(broker), sasl })).rejects.toMatchObject({
      code: 'kafka.authentication-refused',
    });
  });

  it('takes less at a time than we send: that is refused, and goes through when it takes more', async () => {
    const settings = kafka!.settings({ partitions: 1 });
    const bench = await openKafkaBench(settings);
    const admin = bench.connection.kafka.admin();
    await admin.connect();
    const take = (bytes: number) =>
      admin.alterConfigs({
        validateOnly: false,
        resources: [
          {
            type: kafkajs.ConfigResourceTypes.TOPIC,
            name: topicName(settings, { topic: 'channel' }),
            configEntries: [{ name: 'max.message.bytes', value: String(bytes) }],
          },
        ],
      });
    try {
      probe.heard = [];
      probe.onEvent = () => undefined;
      const [store, received] = [bench.newStore(), bench.newStore()];
      const digest = await store.put(new Uint8Array(200_000).map((_, place) => place % 251));
      const publisher = bench.publisher('coordinator', store);
      const open = () => {
        const data = { round: 1, forEvaluation: false, cohort: [], global: { digest, bytes: 200_000 }, deadlineMs: 1 };
        return publisher.publish(roundOpened, data, { experiment: 'e', blob: digest });
      };
      await bench.start(ChannelProbe, { service: 'channel' }, received);
      await take(50_000);
      await expect(open()).rejects.toMatchObject({
        code: 'kafka.message-too-large',
        retryable: false,
        message: expect.stringContaining('max.message.bytes'),
      });
      await publisher.publish(roundPlanned, { round: 1, candidates: [] }, { experiment: 'e' });
      await until(() => probe.heard.length === 1);
      await take(4 * 1024 ** 2);
      await open();
      await until(() => probe.heard.length === 2);
      expect(await received.has(digest)).toBe(true);
      expect(bench.deadLetters).toEqual([]);
    } finally {
      await admin.disconnect();
      await bench.close();
    }
  });
});
