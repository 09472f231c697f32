import { execFileSync } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { KafkaConnection, readKafkaSettings } from '#events';
import { canStartLocalKafka, startLocalKafka, type LocalKafka } from '#local-kafka';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Logger } from '@nestjs/common';

const missing = await canStartLocalKafka(process.env);
const whereKafkaRuns = missing === undefined || process.env['AIRTUNE_REQUIRE_KAFKA'] === '1' ? describe : describe.skip;

/** A certificate of its own making for 127.0.0.1, and one that has nothing to do with it. */
function makeCertificate(folder: string, name: string): void {
  const [key, cert] = [join(folder, `${name}.key`), join(folder, `${name}.crt`)];
  const subject = ['-subj', '/CN=127.0.0.1', '-addext', 'subjectAltName=IP:127.0.0.1'];
  const made = ['-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', '-keyout', key, '-out', cert];
  execFileSync('openssl', ['req', ...made, ...subject], { stdio: 'pipe' });
}

whereKafkaRuns('a broker that speaks TLS', () => {
  let folder: string;
  let kafka: LocalKafka;
  const login = { username: 'airtune', password: 'correct-horse' };

  beforeAll(async () => {
    Logger.overrideLogger(false);
    folder = await mkdtemp(join(tmpdir(), 'airtune-tls-'));
    for (const name of ['broker', 'stranger']) makeCertificate(folder, name);
    const both = await Promise.all(['broker.key', 'broker.crt'].map((name) => readFile(join(folder, name), 'utf8')));
    const tlsKeyFile = join(folder, 'broker.pem');
    await writeFile(tlsKeyFile, both.join(''));
    kafka = await startLocalKafka({ folder: join(folder, 'kafka'), variables: process.env, login, tlsKeyFile });
  }, 90_000);

  afterAll(async () => {
    await kafka.stop('now');
    await rm(folder, { recursive: true });
  });

  const settingsWith = (changes: Record<string, string>) => {
    const settings = readKafkaSettings({
      AIRTUNE_KAFKA_BROKERS: kafka.tlsBroker,
      AIRTUNE_KAFKA_PARTITIONS: '1',
      AIRTUNE_KAFKA_SSL: 'true',
      AIRTUNE_KAFKA_SSL_CA: join(folder, 'broker.crt'),
      AIRTUNE_KAFKA_SASL_MECHANISM: 'scram-sha-256',
      AIRTUNE_KAFKA_SASL_USERNAME: login.username,
      AIRTUNE_KAFKA_SASL_PASSWORD: login.password,
      ...changes,
    });
    if (settings === undefined) throw new Error('no brokers');
    return settings;
  };

  it('is trusted by its certificate, and logged in to by SCRAM beside it', async () => {
    const connection = await KafkaConnection.open(settingsWith({}));
    const record = { key: Buffer.from('k'), value: Buffer.from('v'), headers: {} };
    await connection.send('airtune.announcements', record);
    expect(await connection.endOffsets('airtune.announcements')).toEqual(new Map([[0, 1]]));
    await connection.close();
  }, 60_000);

  it.each([
    ['by another certificate', { AIRTUNE_KAFKA_SSL_CA: 'stranger.crt' }],
    ['without TLS', { AIRTUNE_KAFKA_SSL: 'false', AIRTUNE_KAFKA_SSL_CA: '' }],
  ])(
    'is not connected to %s, and the error says so',
    async (_, changes: Record<string, string>) => {
      const ca = changes['AIRTUNE_KAFKA_SSL_CA'];
      const settings = settingsWith({
        ...changes,
        ...(ca === undefined || ca === '' ? {} : { AIRTUNE_KAFKA_SSL_CA: join(folder, ca) }),
      });
      const error = await KafkaConnection.open(settings).then(
        () => undefined,
        (refusal: unknown) => refusal as { code: string; message: string },
      );
      expect(error?.code).toMatch(/^kafka\./);
      expect(error?.message).toMatch(/AIRTUNE_KAFKA_SSL/);
    },
    60_000,
  );
});
