import { createRequire } from 'node:module';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { encodeInParts } from './encode-in-parts.ts';

interface Encoded {
  readonly buffer: Buffer;
  size(): number;
}

const require = createRequire(import.meta.url);
const produce = require('kafkajs/src/protocol/requests/produce/v3/request.js') as (what: object) => object;
const request = require('kafkajs/src/protocol/request.js') as (what: object) => Promise<Encoded>;

/** A request with messages of these sizes for one topic, and one message for another. Below 0 there is no value. */
function encode(sizes: readonly number[]): Promise<Encoded> {
  const messages = sizes.map((size, place) => ({
    key: Buffer.from(`key-${String(place)}`),
    value: size < 0 ? null : Buffer.alloc(size, place + 1),
    headers: { 'content-type': 'application/octet-stream', chunk_offset: String(place) },
    timestamp: String(1_700_000_000_000 + place),
  }));
  const topicData = [
    { topic: 'airtune.channel', partitions: [{ partition: 3, firstSequence: 7, messages }] },
    { topic: 'airtune.other', partitions: [{ partition: 0, firstSequence: 0, messages: messages.slice(0, 1) }] },
  ];
  const what = produce({ acks: -1, timeout: 30_000, producerId: '5', producerEpoch: 1, topicData });
  return request({ correlationId: 9, clientId: 'airtune', request: what });
}

describe('encoding in parts', () => {
  const cases = {
    small: [0, 10, 300],
    'nothing but a key': [-1],
    'at the limit of large': [32 * 1024 - 1, 32 * 1024, 32 * 1024 + 1],
    'a chunk': [1_048_000],
    mixed: [5, 700_000, 0, 200_000, 40],
  };
  const asTheLibrary = new Map<string, Buffer>();

  beforeAll(async () => {
    for (const [name, sizes] of Object.entries(cases)) asTheLibrary.set(name, (await encode(sizes)).buffer);
    encodeInParts(require);
  });

  it.each(Object.entries(cases))('gives the bytes that the library gives: %s', async (name, sizes) => {
    const inParts = await encode(sizes);
    const expected = asTheLibrary.get(name)!;
    expect(inParts.size()).toBe(expected.length);
    expect(inParts.buffer.equals(expected)).toBe(true);
  });

  it('copies no large value before all is put together', () => {
    const Encoder = require('kafkajs/src/protocol/encoder.js') as new () => {
      writeBytes(value: Buffer): { readonly parts?: readonly Buffer[] };
    };
    const value = Buffer.alloc(1_048_000);
    expect(new Encoder().writeBytes(value).parts?.[1]).toBe(value);
  });
});
