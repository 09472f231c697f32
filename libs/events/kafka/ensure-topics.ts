import { topics } from '#contracts';
import type { Admin, ITopicConfig } from 'kafkajs';
import type { Address } from '../listener.ts';
import { TransportError } from '../transport-error.ts';
import { kafkajs } from './kafka-library.ts';
import type { KafkaSettings } from './kafka-settings.ts';
import { deadLetterTopic, topicName } from './topic-names.ts';
import { untilKnown } from './until-known.ts';

/** A broker under load may not know at once what it has created. */
const KNOWN_MS = 1800;

/** A topic as it should be on the broker. */
interface Wanted {
  readonly topic: string;
  readonly partitions: number;
  readonly cleanup: 'delete' | 'compact';
  readonly retentionMs?: number;
  readonly maxMessageBytes: number;
}

/** What a service's boot asks of the broker: the topics of these addresses. */
export function wantedTopics(settings: KafkaSettings, addresses: readonly Address[]): Wanted[] {
  return addresses.map((address) => {
    const { partitions, keep, maxMessageBytes } = topics[address.topic];
    const shared = partitions > 1 ? (settings.partitions ?? partitions) : 1;
    return {
      topic: topicName(settings, address),
      partitions: shared,
      maxMessageBytes,
      ...(keep === 'last-of-key'
        ? { cleanup: 'compact' as const }
        : { cleanup: 'delete' as const, retentionMs: keep.hours * 3_600_000 }),
    };
  });
}

/** Dead letters are kept until somebody looks: 90 days. They hold any message, and what became of it. */
export function wantedDeadLetters(settings: KafkaSettings): Wanted {
  const largest = Math.max(...Object.values(topics).map(({ maxMessageBytes }) => maxMessageBytes));
  return {
    topic: deadLetterTopic(settings),
    partitions: 1,
    cleanup: 'delete',
    retentionMs: 90 * 24 * 3_600_000,
    maxMessageBytes: largest + 64 * 1024,
  };
}

/**
 * Creates the topics that are missing and verifies the others.
 * @throws TransportError `kafka.topic-mismatch` that says what is otherwise, and how to mend it.
 */
export async function ensureTopics(admin: Admin, settings: KafkaSettings, wanted: readonly Wanted[]): Promise<void> {
  await untilKnown(async () => {
    await createMissing(admin, settings, wanted);
    await verify(admin, wanted);
  }, KNOWN_MS);
}

async function createMissing(admin: Admin, settings: KafkaSettings, wanted: readonly Wanted[]): Promise<void> {
  const present = new Set(await admin.listTopics());
  const missing = wanted.filter(({ topic }) => !present.has(topic));
  if (missing.length > 0) {
    // False when somebody else was quicker; then what they made is verified like any other.
    await admin.createTopics({ topics: missing.map((topic) => asConfig(topic, settings)), waitForLeaders: true });
  }
}

function asConfig(
  { topic, partitions, cleanup, retentionMs, maxMessageBytes }: Wanted,
  settings: KafkaSettings,
): ITopicConfig {
  return {
    topic,
    numPartitions: partitions,
    replicationFactor: settings.replication ?? -1,
    configEntries: [
      { name: 'cleanup.policy', value: cleanup },
      { name: 'max.message.bytes', value: String(maxMessageBytes) },
      ...(retentionMs === undefined ? [] : [{ name: 'retention.ms', value: String(retentionMs) }]),
    ],
  };
}

async function verify(admin: Admin, wanted: readonly Wanted[]): Promise<void> {
  const names = wanted.map(({ topic }) => topic);
  const { topics: found } = await admin.fetchTopicMetadata({ topics: names });
  const configs = await admin.describeConfigs({
    includeSynonyms: false,
    resources: names.map((name) => ({ type: kafkajs.ConfigResourceTypes.TOPIC, name })),
  });
  for (const want of wanted) {
    const partitions = found.find(({ name }) => name === want.topic)?.partitions.length ?? 0;
    const entries = configs.resources.find(({ resourceName }) => resourceName === want.topic)?.configEntries ?? [];
    const config = Object.fromEntries(entries.map(({ configName, configValue }) => [configName, configValue]));
    const problem = mismatch(want, partitions, config);
    if (problem !== undefined) throw new TransportError('kafka.topic-mismatch', `The topic ${want.topic} ${problem}`);
  }
}

function mismatch(want: Wanted, partitions: number, config: Partial<Record<string, string>>): string | undefined {
  const alter = (entry: string): string =>
    `Change it (kafka-configs --alter --entity-type topics --entity-name ${want.topic} --add-config ${entry}), or choose other names by AIRTUNE_KAFKA_PREFIX.`;
  if (partitions !== want.partitions) {
    const shared = want.partitions > 1 ? `, say so by AIRTUNE_KAFKA_PARTITIONS=${String(partitions)}` : '';
    return `has ${String(partitions)} partitions where ${String(want.partitions)} are expected. Delete the topic${shared}, or choose other names by AIRTUNE_KAFKA_PREFIX.`;
  }
  const { 'cleanup.policy': policy, 'max.message.bytes': bytes, 'retention.ms': retention } = config;
  if (policy !== undefined && policy !== want.cleanup)
    return `has cleanup.policy=${policy} where ${want.cleanup} is expected. ${alter(`cleanup.policy=${want.cleanup}`)}`;
  if (bytes !== undefined && Number(bytes) < want.maxMessageBytes)
    return `takes messages of ${bytes} bytes where ${String(want.maxMessageBytes)} are expected. ${alter(`max.message.bytes=${String(want.maxMessageBytes)}`)}`;
  if (
    retention !== undefined &&
    want.retentionMs !== undefined &&
    Number(retention) !== -1 &&
    Number(retention) < want.retentionMs
  )
    return `keeps messages for ${retention} ms where ${String(want.retentionMs)} are expected. ${alter(`retention.ms=${String(want.retentionMs)}`)}`;
  return undefined;
}
