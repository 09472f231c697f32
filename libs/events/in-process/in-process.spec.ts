import 'reflect-metadata';
import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { experimentFinished, roundAbandoned, roundOpened, roundPlanned, uploadLost, type DataOf } from '#contracts';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Controller, type INestMicroservice, Module } from '@nestjs/common';
import type { BlobShelf } from '../blob-shelf.ts';
import { Clock } from '../clock.ts';
import type { Delivery } from '../delivery.ts';
import { On } from '../on.ts';
import { startService } from '../start-service.ts';
import { TransportError } from '../transport-error.ts';
import { InProcessBroker, type Fault } from './broker.ts';
import { InProcessPublisher } from './in-process-publisher.ts';
import { InProcessServer } from './in-process-server.ts';

class Noon extends Clock {
  now(): Date {
    return new Date('2026-01-01T12:00:00Z');
  }
}

class MemoryShelf implements BlobShelf {
  readonly blobs = new Map<string, Uint8Array>();
  readonly chunkSizes: number[] = [];

  put(bytes: Uint8Array): `sha256:${string}` {
    const digest = `sha256:${createHash('sha256').update(bytes).digest('hex')}` as const;
    this.blobs.set(digest, bytes);
    return digest;
  }

  has(digest: string): Promise<boolean> {
    return Promise.resolve(this.blobs.has(digest));
  }

  size(digest: string): Promise<number> {
    return Promise.resolve(this.blobs.get(digest)!.length);
  }

  async *createReadStream(digest: string, chunkBytes: number): AsyncGenerator<Uint8Array> {
    const bytes = this.blobs.get(digest)!;
    for (let at = 0; at < bytes.length; at += chunkBytes) yield Promise.resolve(bytes.subarray(at, at + chunkBytes));
  }

  async putStream(chunks: AsyncIterable<Uint8Array>, digest: string): Promise<void> {
    const parts: Uint8Array[] = [];
    for await (const chunk of chunks) {
      this.chunkSizes.push(chunk.length);
      parts.push(chunk);
    }
    if (this.put(new Uint8Array(Buffer.concat(parts))) !== digest) throw new Error('digest mismatch');
  }
}

const heard: Delivery<unknown>[] = [];
type Planned = Delivery<DataOf<typeof roundPlanned>>;
let plannedBy: (delivery: Planned) => void | Promise<void>;

@Controller()
class ChannelInbox {
  @On(roundPlanned)
  planned(delivery: Planned): void | Promise<void> {
    return plannedBy(delivery);
  }

  @On(roundOpened)
  opened(delivery: Delivery<DataOf<typeof roundOpened>>): void {
    heard.push(delivery);
    if (delivery.data.cohort.length === 0) throw new Error('an empty cohort');
  }
}

@Module({ controllers: [ChannelInbox] })
class ChannelProbe {}

@Controller()
class SiteInbox {
  @On(experimentFinished)
  finished(delivery: Delivery<DataOf<typeof experimentFinished>>): void {
    heard.push(delivery);
  }
}

@Module({ controllers: [SiteInbox] })
class SiteProbe {}

const global = (shelf: MemoryShelf, bytes: Uint8Array) => ({ digest: shelf.put(bytes), bytes: bytes.length });

describe('the in-process transport', () => {
  let broker: InProcessBroker;
  let service: INestMicroservice;
  let sender: MemoryShelf;
  let receiver: MemoryShelf;
  let publisher: InProcessPublisher;

  beforeEach(async () => {
    heard.length = 0;
    plannedBy = (delivery) => void heard.push(delivery);
    broker = new InProcessBroker();
    sender = new MemoryShelf();
    receiver = new MemoryShelf();
    service = await startService(ChannelProbe, new InProcessServer(broker, { service: 'channel' }, receiver));
    publisher = new InProcessPublisher({ broker, source: 'coordinator', blobs: sender, clock: new Noon() });
  });

  afterEach(async () => {
    await service.close();
  });

  it('hands a fact to the handler of its contract, by value', async () => {
    const candidates = ['client-0'];
    await publisher.publish(roundPlanned, { round: 1, candidates }, { experiment: 'e' });
    candidates.push('client-1');
    await broker.settled();
    expect(heard).toHaveLength(1);
    expect(heard[0]!.data).toEqual({ round: 1, candidates: ['client-0'] });
    expect(heard[0]!.envelope).toMatchObject({ type: 'round.planned', experiment: 'e', source: 'coordinator' });
  });

  it('has the blob in the reader’s store before the event is handled, in chunks', async () => {
    const bytes = new Uint8Array(700_000).map((_, i) => i % 251);
    const reference = global(sender, bytes);
    const cohort = [{ client: 'client-0', site: 'local' }];
    const data = { round: 1, forEvaluation: false, cohort, global: reference, deadlineMs: 1000 };
    await publisher.publish(roundOpened, data, { experiment: 'e', blob: reference.digest });
    await broker.settled();
    expect(Buffer.compare(receiver.blobs.get(reference.digest)!, bytes)).toBe(0);
    expect(receiver.chunkSizes).toEqual([262_144, 262_144, 175_712]);
  });

  it('gives the same fact the same id, and another fact another', async () => {
    for (const round of [1, 1, 2])
      await publisher.publish(roundPlanned, { round, candidates: [] }, { experiment: 'e' });
    await broker.settled();
    const ids = heard.map(({ envelope }) => envelope.id);
    expect(ids[0]).toBe(ids[1]);
    expect(ids[2]).not.toBe(ids[0]);
  });

  it('refuses to state what breaks the contract, naming the field', async () => {
    const wrong = { round: -1, candidates: [] };
    await expect(publisher.publish(roundPlanned, wrong, { experiment: 'e' })).rejects.toThrow(/round\.planned.*round:/);
    expect(heard).toHaveLength(0);
  });

  it('refuses to send a blob that it does not hold', async () => {
    const digest = `sha256:${'0'.repeat(64)}` as const;
    const data = { round: 1, forEvaluation: false, cohort: [], global: { digest, bytes: 1 }, deadlineMs: 1 };
    await expect(publisher.publish(roundOpened, data, { experiment: 'e', blob: digest })).rejects.toMatchObject({
      code: 'blob.missing',
    });
  });

  it('keeps going after a handler failed, and says which', async () => {
    const faults: Fault[] = [];
    broker.onFault((fault) => faults.push(fault));
    const reference = global(sender, new Uint8Array(8));
    const data = { round: 1, forEvaluation: false, cohort: [], global: reference, deadlineMs: 1 };
    await publisher.publish(roundOpened, data, { experiment: 'e', blob: reference.digest });
    await publisher.publish(roundPlanned, { round: 2, candidates: [] }, { experiment: 'e' });
    await broker.settled();
    expect(faults).toMatchObject([{ service: 'channel', type: 'round.opened', error: { message: 'an empty cohort' } }]);
    expect(heard).toHaveLength(2);
  });

  it('leaves alone what is meant for others, and lets watchers see everything', async () => {
    const seen: string[] = [];
    broker.watch(({ type }) => seen.push(type));
    const reference = { digest: `sha256:${'0'.repeat(64)}` as const, bytes: 0 };
    const abandoned = {
      round: 1,
      global: reference,
      reason: 'nobody arrived',
      missing: [],
      ledger: { entry: 1, head: reference.digest },
    };
    await publisher.publish(roundAbandoned, abandoned, { experiment: 'e' });
    await broker.settled();
    expect(heard).toHaveLength(0);
    expect(seen).toEqual(['round.abandoned']);
    expect(uploadLost.routes).toEqual([{ topic: 'coordinator' }]);
  });

  it('handles as many messages at once as the listener asks for, started in their order', async () => {
    await service.close();
    const started: number[] = [];
    const gates: (() => void)[] = [];
    plannedBy = ({ data }) => {
      started.push(data.round);
      return new Promise((resolve) => gates.push(resolve));
    };
    const listener = { service: 'channel', concurrency: 2 } as const;
    service = await startService(ChannelProbe, new InProcessServer(broker, listener, receiver));
    for (const round of [1, 2, 3])
      await publisher.publish(roundPlanned, { round, candidates: [] }, { experiment: 'e' });
    await sleep(20);
    expect(started).toEqual([1, 2]);
    gates[1]!();
    await sleep(20);
    expect(started).toEqual([1, 2, 3]);
    for (const open of gates) open();
    await broker.settled();
  });

  it('hands a message again when its handler says that a retry may help, before the next', async () => {
    let failures = 2;
    plannedBy = (delivery) => {
      if (failures-- > 0) throw new TransportError('probe.not-yet', 'not yet', { retryable: true });
      heard.push(delivery);
    };
    for (const round of [1, 2]) await publisher.publish(roundPlanned, { round, candidates: [] }, { experiment: 'e' });
    await broker.settled();
    expect(heard.map(({ data }) => (data as { round: number }).round)).toEqual([1, 2]);
  });

  it('tells whoever comes later the last word on each experiment', async () => {
    const digest = `sha256:${'0'.repeat(64)}` as const;
    for (const [experiment, rounds] of [
      ['a', 1],
      ['a', 2],
      ['b', 3],
    ] as const)
      await publisher.publish(experimentFinished, { rounds, globalDigest: digest }, { experiment });
    const later = await startService(
      SiteProbe,
      new InProcessServer(broker, { service: 'trainer', site: 's' }, receiver),
    );
    await broker.settled();
    expect(heard.map(({ envelope }) => envelope.experiment)).toEqual(['a', 'b']);
    expect(heard.map(({ data }) => (data as { rounds: number }).rounds)).toEqual([2, 3]);
    await later.close();
  });
});
