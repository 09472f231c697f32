import { type Contract, contracts, type Topic, type TopicDeclaration, topics } from '#contracts';
import { z } from 'zod';
import { chunkHeaders } from '../kafka/chunk-record.ts';
import { eventHeaders } from '../kafka/event-record.ts';

type Json = Readonly<Record<string, unknown>>;

const CHUNK = 'blob.chunk';

const DESCRIPTION = `Facts that Airtune's services state, over Kafka. Each is a CloudEvent in binary mode: attributes in
headers \`ce_*\`, data as JSON in the value, ordered by the record's key. A parameter blob travels as ${CHUNK} records
before the event that closes it, in the same topic and with the same key, hence in the same partition; the event names
the blob in \`ce_blob\` and \`ce_blobbytes\`. Between the records of one transfer lie others'. A transfer's offsets rise from
0 without gaps to the blob's size; pieces may be repeated; a blob of 0 bytes has no pieces. Delivery is at least once: the
same fact has the same \`ce_id\`. Keys are hashed by murmur2, as Kafka's own clients do.`;

/** The AsyncAPI 3 document of everything on the wire, from the declarations of topics and contracts. */
export function asyncApiDocument(): Json {
  return {
    asyncapi: '3.0.0',
    info: { title: 'Airtune', version: '1', license: { name: 'Apache-2.0' }, description: DESCRIPTION },
    defaultContentType: 'application/json',
    servers: {
      kafka: {
        host: '{broker}',
        protocol: 'kafka',
        variables: { broker: { default: 'localhost:9092', description: 'AIRTUNE_KAFKA_BROKERS' } },
      },
    },
    channels: Object.fromEntries(Object.values(topics).map((topic) => [topic.name, channel(topic)])),
    operations: Object.fromEntries(contracts.flatMap(operations)),
    components: { messages: { ...Object.fromEntries(contracts.map(message)), [CHUNK]: chunkMessage() } },
  };
}

function channel(topic: TopicDeclaration): Json {
  const { name, summary, ownedBy, partitions, keep, maxMessageBytes } = topic;
  const facts = contracts.filter((contract) => contract.routes.some((route) => route.topic === name));
  const carriesBlobs = facts.some((contract) => blobRoute(contract, name));
  const names = [...facts.map((contract) => contract.name), ...(carriesBlobs ? [CHUNK] : [])];
  return {
    address: ownedBy === undefined ? `{prefix}.${name}` : `{prefix}.${name}.{${ownedBy}}`,
    summary,
    parameters: {
      prefix: { default: 'airtune', description: 'AIRTUNE_KAFKA_PREFIX' },
      ...(ownedBy === undefined ? {} : { [ownedBy]: { description: `whose topic it is: the ${ownedBy} of the fact` } }),
    },
    messages: Object.fromEntries(names.map((fact) => [fact, { $ref: `#/components/messages/${fact}` }])),
    bindings: {
      kafka: {
        partitions,
        topicConfiguration: {
          'cleanup.policy': [keep === 'last-of-key' ? 'compact' : 'delete'],
          ...(keep === 'last-of-key' ? {} : { 'retention.ms': keep.hours * 3_600_000 }),
          'max.message.bytes': maxMessageBytes,
        },
        bindingVersion: '0.5.0',
      },
    },
  };
}

/** Who states a fact sends it along each of its routes. */
function operations({ name, statedBy, routes }: Contract): [string, Json][] {
  return routes.map(({ topic, blob, keyedBy }) => [
    `${statedBy}-states-${name}-to-${topic}`,
    {
      action: 'send',
      channel: { $ref: `#/channels/${topic}` },
      summary: `The ${statedBy} states ${name}, keyed by ${keyedBy === undefined ? 'experiment' : `experiment/${keyedBy}`}${
        blob === true ? '; its blob goes before it' : ''
      }.`,
      messages: [name, ...(blob === true ? [CHUNK] : [])].map((said) => ({
        $ref: `#/channels/${topic}/messages/${said}`,
      })),
    },
  ]);
}

function message(contract: Contract): [string, Json] {
  const { name, version, statedBy, schema } = contract;
  return [
    name,
    {
      name,
      title: `${name}, version ${String(version)}`,
      summary: `Stated by the ${statedBy}.`,
      contentType: 'application/json',
      headers: {
        allOf: [
          asJsonSchema(eventHeaders),
          { properties: { ce_type: { const: name }, ce_dataversion: { const: String(version) } } },
        ],
      },
      payload: asJsonSchema(schema),
      bindings: { kafka: { key: { type: 'string' }, bindingVersion: '0.5.0' } },
    },
  ];
}

function chunkMessage(): Json {
  return {
    name: CHUNK,
    title: 'A piece of a parameter blob',
    summary: 'Goes before the event that `chunk_event` names, in its topic and with its key.',
    contentType: 'application/octet-stream',
    headers: asJsonSchema(chunkHeaders),
    payload: { type: 'string', format: 'binary', minLength: 1 },
    bindings: { kafka: { key: { type: 'string' }, bindingVersion: '0.5.0' } },
  };
}

function blobRoute({ routes }: Contract, topic: Topic): boolean {
  return routes.some((route) => route.topic === topic && route.blob === true);
}

/** As it is written on the wire, before defaults are filled in. AsyncAPI's schemas are those of draft 7. */
function asJsonSchema(schema: z.ZodType): Json {
  const written = z.toJSONSchema(schema, { target: 'draft-7', io: 'input', unrepresentable: 'any' });
  return Object.fromEntries(Object.entries(written).filter(([name]) => name !== '$schema'));
}
