import 'reflect-metadata';
import { createHash } from 'node:crypto';
import { roundOpened, roundPlanned, type BlobReference } from '#contracts';
import { expect, it } from '@jest/globals';
import fc from 'fast-check';
import PQueue from 'p-queue';
import { testKafka } from '../../../test/kafka/test-kafka.ts';
import type { BlobShelf } from '../blob-shelf.ts';
import { ChannelProbe, probe } from '../contract/probes.ts';
import { Noon, openKafkaBench, until } from '../contract/transport-bench.ts';
import { reasonOf } from '../dead-letter.ts';
import { seal } from '../seal.ts';
import { encodeChunk, isChunk } from './chunk-record.ts';
import { encodeEvent } from './event-record.ts';
import { Lane, type PlacedRecord } from './lane.ts';
import { openRecord } from './open-record.ts';
import { topicName } from './topic-names.ts';
import type { WireRecord } from './wire-record.ts';

const SEED = 20_261_124;
const SEQUENCES = 3000;
const BROKER_SEQUENCES = 400;

/** A store in memory that checks digests as the one on disk does. */
class Shelf implements BlobShelf {
  readonly blobs = new Map<string, Buffer>();

  has(digest: string): Promise<boolean> {
    return Promise.resolve(this.blobs.has(digest));
  }

  size(digest: string): Promise<number> {
    return Promise.resolve(this.blobs.get(digest)?.length ?? 0);
  }

  async *createReadStream(digest: string): AsyncGenerator<Uint8Array> {
    yield await Promise.resolve(this.blobs.get(digest)!);
  }

  async putStream(chunks: AsyncIterable<Uint8Array>, digest: string): Promise<void> {
    const parts: Uint8Array[] = [];
    for await (const chunk of chunks) parts.push(chunk);
    const bytes = Buffer.concat(parts);
    if (digestOf(bytes) !== digest)
      throw Object.assign(new Error('other bytes than announced'), { code: 'storage.digest-mismatch' });
    this.blobs.set(digest, bytes);
  }
}

function digestOf(bytes: Uint8Array): `sha256:${string}` {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
}

interface Sent {
  readonly record: WireRecord & { readonly headers: Readonly<Record<string, string>> };
  /** Which of the valid transfers it belongs to, as long as nobody has touched it. */
  readonly transfer: number;
}

/** A blob in chunks and the event that closes it, as their publisher says them. */
function transferOf(experiment: string, number: number, bytes: Buffer, chunkBytes: number): Sent[] {
  const global: BlobReference = { digest: digestOf(bytes), bytes: bytes.length };
  const data = { round: number, forEvaluation: false, cohort: [], global, deadlineMs: 1 };
  const envelope = seal(roundOpened, data, { experiment }, 'coordinator', new Noon());
  const sent: Sent[] = [];
  for (let offset = 0; offset < bytes.length; offset += chunkBytes) {
    const piece = bytes.subarray(offset, offset + chunkBytes);
    const chunk = { event: envelope.id, digest: global.digest, bytes: bytes.length, offset, piece };
    sent.push({ record: encodeChunk(chunk, experiment), transfer: number });
  }
  return [...sent, { record: encodeEvent(envelope, global), transfer: number }];
}

const transfersIn = (experiment: string) =>
  fc
    .array(fc.record({ bytes: fc.uint8Array({ maxLength: 40 }), chunkBytes: fc.integer({ min: 1, max: 16 }) }), {
      minLength: 1,
      maxLength: 4,
    })
    .map((made) =>
      made.map(({ bytes, chunkBytes }, number) =>
        transferOf(experiment, number, Buffer.from([number, ...bytes]), chunkBytes),
      ),
    );
const orders = fc.array(fc.nat(100), { minLength: 1, maxLength: 30 });

/** What may befall a message on its way; numbers are taken modulo what there is. */
const mutations = fc.array(
  fc.record({
    at: fc.nat(),
    how: fc.constantFrom(
      'drop',
      'repeat',
      'swap',
      'flip',
      'truncate',
      'grow',
      'header',
      'unset',
      'twice',
      'garbage',
      'key',
    ),
    which: fc.nat(),
    text: fc.oneof(
      fc.string({ maxLength: 12 }),
      fc.constantFrom('', '0', '-1', '99', '1e9', '4294967297', 'sha256:', 'null', 'NaN', '../../etc/passwd', '\u0000'),
    ),
  }),
  { minLength: 1, maxLength: 6 },
);

type Mutation = typeof mutations extends fc.Arbitrary<(infer M)[]> ? M : never;

/** Interleaves the transfers, each in its own order. */
function interleaved(all: readonly (readonly Sent[])[], order: readonly number[]): Sent[] {
  const left = all.map((sent) => [...sent]);
  const mixed: Sent[] = [];
  for (let turn = 0; left.some((sent) => sent.length > 0); turn += 1) {
    const open = left.filter((sent) => sent.length > 0);
    mixed.push(open[(order[turn % order.length] ?? 0) % open.length]!.shift()!);
  }
  return mixed;
}

/** Carries a mutation out; answers the numbers of the transfers that are no longer what they were. */
function mutate(sent: Sent[], { at, how, which, text }: Mutation): number[] {
  if (sent.length === 0) return [];
  const place = at % sent.length;
  const { record, transfer } = sent[place]!;
  const replace = (changed: Partial<WireRecord>): number[] => {
    sent[place] = { record: { ...record, ...changed } as Sent['record'], transfer };
    return [transfer];
  };
  const value = record.value ?? Buffer.alloc(0);
  const names = Object.keys(record.headers);
  const name = names[which % Math.max(1, names.length)] ?? 'ce_type';
  switch (how) {
    case 'drop':
      sent.splice(place, 1);
      return [transfer];
    case 'repeat':
      // Whatever comes again later changes nothing.
      sent.splice(place + 1 + (which % (sent.length - place)), 0, sent[place]!);
      return [];
    case 'swap': {
      const other = which % sent.length;
      const moved = [transfer, sent[other]!.transfer];
      [sent[place], sent[other]] = [sent[other]!, sent[place]!];
      // Between the two lie messages of others only or of theirs; theirs may now be out of order.
      return moved;
    }
    case 'flip': {
      const flipped = Buffer.from(value);
      if (flipped.length > 0) flipped[which % flipped.length]! ^= 1 << (at % 8);
      return replace({ value: flipped });
    }
    case 'truncate':
      return replace({ value: value.subarray(0, which % (value.length + 1)) });
    case 'grow':
      return replace({ value: Buffer.concat([value, Buffer.from(text)]) });
    case 'header':
      return replace({ headers: { ...record.headers, [name]: text } });
    case 'unset':
      return replace({
        headers: Object.fromEntries(Object.entries(record.headers).filter(([known]) => known !== name)),
      });
    case 'twice':
      return replace({ headers: { ...record.headers, [name]: [Buffer.from(text), Buffer.from(text)] } });
    case 'garbage':
      return replace({ value: which % 2 === 0 ? null : Buffer.from(text), headers: {} });
    case 'key':
      return replace({ key: which % 2 === 0 ? null : Buffer.from(text) });
  }
}

/** Puts the records through a lane and says what came of them. */
async function read(sent: readonly Sent[]) {
  const shelf = new Shelf();
  const handled: { round: number; digest: string }[] = [];
  const buried: string[] = [];
  let broken: unknown;
  const lane = new Lane(
    {
      shelf,
      retries: { firstMs: 1, mostMs: 1, forMs: 0 },
      orphanAfterMs: 60_000,
      lastWaitMs: 1000,
      places: new PQueue({ concurrency: 1 }),
      open: (record) => openRecord(record, (type) => type === roundOpened.name, true),
      hand: ({ data }) => {
        const { round, global } = data as { round: number; global: BlobReference };
        handled.push({ round, digest: global.digest });
        return Promise.resolve();
      },
      bury: (_record, error) => {
        buried.push(reasonOf(error).code);
        return Promise.resolve();
      },
    },
    Promise.resolve(),
    (error) => (broken = error),
  );
  sent.forEach(({ record }, offset) => {
    lane.push({ ...record, topic: 't', partition: 0, offset: String(offset) } satisfies PlacedRecord);
  });
  await lane.idle();
  const { committable } = lane.progress;
  await lane.close();
  return { shelf, handled, buried, broken, committable };
}

it('10,000 mutated messages crash nothing: each is refused with a reason, or has the effect of its valid content', async () => {
  let mutated = 0;
  let refused = 0;
  await fc.assert(
    fc.asyncProperty(transfersIn('e'), orders, mutations, async (all, order, changes) => {
      const sent = interleaved(all, order);
      const touched = new Set(changes.flatMap((change) => mutate(sent, change)));
      mutated += changes.length;
      const { shelf, handled, buried, broken, committable } = await read(sent);
      refused += buried.length;

      expect(broken).toBeUndefined();
      // Every event is handled or refused, every chunk taken, ignored or refused: none is lost, none left open but the
      // first of a blob whose end never came.
      const events = sent.filter(({ record }) => !isChunk(record)).length;
      expect(handled.length + buried.length).toBeGreaterThanOrEqual(events);
      expect(handled.length).toBeLessThanOrEqual(events);
      if (committable !== undefined && committable < sent.length) expect(isChunk(sent[committable]!.record)).toBe(true);
      expect(buried.every((code) => /^(event|envelope|chunk|blob)\.[a-z-]+$/.test(code))).toBe(true);
      for (const [digest, bytes] of shelf.blobs) expect(digestOf(bytes)).toBe(digest);
      // What nobody touched arrives as it was said.
      for (const [number, transfer] of all.entries()) {
        if (touched.has(number)) continue;
        const digest = transfer.at(-1)!.record.headers['ce_blob']!;
        expect(handled).toContainEqual({ round: number, digest });
        expect(shelf.blobs.has(digest)).toBe(true);
      }
    }),
    { seed: SEED, numRuns: SEQUENCES },
  );
  expect(mutated).toBeGreaterThanOrEqual(10_000);
  expect(refused).toBeGreaterThan(1000);
}, 120_000);

const kafka = await testKafka();

(kafka === undefined ? it.skip : it)(
  'a thousand and more of them over a real broker leave its reader as it was: what nobody touched is heard, the rest is refused',
  async () => {
    probe.heard = [];
    probe.onEvent = () => undefined;
    const bench = await openKafkaBench(kafka!.settings({ partitions: 1 }));
    try {
      const store = bench.newStore();
      await bench.start(ChannelProbe, { service: 'channel' }, store, { retries: { firstMs: 1, mostMs: 1, forMs: 0 } });
      const topic = topicName(bench.connection.settings, { topic: 'channel' });
      const untouched: string[] = [];
      let mutated = 0;
      for (let sequence = 0; sequence < BROKER_SEQUENCES; sequence += 1) {
        const sample = fc.tuple(transfersIn(`e-${String(sequence)}`), orders, mutations);
        const [[all, order, changes]] = fc.sample(sample, { seed: SEED + sequence, numRuns: 1 }) as [
          [Sent[][], number[], Mutation[]],
        ];
        const sent = interleaved(all, order);
        const touched = new Set(changes.flatMap((change) => mutate(sent, change)));
        mutated += changes.length;
        await Promise.all(sent.map(({ record }) => bench.connection.send(topic, record)));
        for (const [number, transfer] of all.entries())
          if (!touched.has(number)) untouched.push(transfer.at(-1)!.record.headers['ce_blob']!);
      }
      await bench
        .publisher('coordinator', store)
        .publish(roundPlanned, { round: 99, candidates: [] }, { experiment: 'last' });
      await until(() => probe.heard.at(-1)?.envelope.experiment === 'last', 60_000);

      expect(mutated).toBeGreaterThan(1000);
      expect(bench.deadLetters.length).toBeGreaterThan(100);
      expect(bench.deadLetters.every(({ code }) => /^(event|envelope|chunk|blob)\.[a-z-]+$/.test(code))).toBe(true);
      const heard = new Set(probe.heard.map(({ data }) => (data as { global?: BlobReference }).global?.digest));
      expect(untouched.filter((digest) => !heard.has(digest as BlobReference['digest']))).toEqual([]);
      for (const digest of new Set(untouched)) expect(await store.has(digest)).toBe(true);
    } finally {
      await bench.close();
    }
  },
  120_000,
);
