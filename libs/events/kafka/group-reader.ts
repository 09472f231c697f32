import { setTimeout as sleep } from 'node:timers/promises';
import { Logger } from '@nestjs/common';
import type { Consumer, EachBatchPayload } from 'kafkajs';
import { explainKafkaError } from './explain-kafka-error.ts';
import type { KafkaConnection } from './kafka-connection.ts';
import { Lane, type LaneHost } from './lane.ts';
import { leaveInTime, openConsumer } from './open-consumer.ts';

/** Which topics are read, as which group. */
export interface Reading {
  readonly group: string;
  readonly topics: readonly string[];
  /** Whether the group remembers how far it has read; one that does not reads from the beginning, or from now on. */
  readonly remembers: boolean;
  readonly from: 'beginning' | 'now';
}

const COMMIT_EVERY_MS = 200;
const RESTART_AFTER_MS = 2000;

/** Longer than any session: the places of members that died are free by then. */
const JOIN_MS = 60_000;
const PARTITIONS_AT_ONCE = 16;

/** One consumer: hands what it fetches to a lane for each partition, and commits what the lanes have done. */
export class GroupReader {
  private readonly connection: KafkaConnection;
  private readonly reading: Reading;
  private readonly host: LaneHost;
  private readonly logger = new Logger('Kafka');
  private readonly lanes = new Map<string, Lane>();
  private readonly ends = new Map<string, number>();
  private readonly committed = new Map<string, number>();
  /** Handlers of lanes that were given up: whoever reads those partitions next waits for them. */
  private leaving: Promise<unknown> = Promise.resolve();
  private consumer: Consumer;
  private timer: NodeJS.Timeout | undefined;
  private committing: Promise<void> = Promise.resolve();
  private stopped = false;
  private joined = false;

  constructor(connection: KafkaConnection, reading: Reading, host: LaneHost) {
    this.connection = connection;
    this.reading = reading;
    this.host = host;
    this.consumer = this.newConsumer();
  }

  /** Resolves when the group has this reader as a member. */
  async start(): Promise<void> {
    try {
      await this.join();
    } catch (error) {
      await this.consumer.disconnect().catch(() => undefined);
      throw explainKafkaError(error, this.connection.settings, `Reading ${this.reading.topics.join(', ')}`);
    }
    if (this.reading.remembers) this.timer = setInterval(() => void this.commit(), COMMIT_EVERY_MS).unref();
  }

  /** Whether it is a member of its group now. */
  get isMember(): boolean {
    return this.joined;
  }

  /** Messages that were stored and are not handled yet, as far as this reader has heard. */
  get lag(): number {
    let lag = 0;
    for (const [place, lane] of this.lanes)
      lag += Math.max(0, (this.ends.get(place) ?? 0) - (lane.progress.committable ?? 0));
    return lag;
  }

  /** Whether everything before this offset of a partition has been handled. */
  hasHandled(topic: string, partition: number, end: number): boolean {
    return (this.lanes.get(placeOf(topic, partition))?.progress.committable ?? 0) >= end;
  }

  /** Lets the handlers that run end, commits, and leaves the group. */
  async stop(): Promise<void> {
    this.stopped = true;
    clearInterval(this.timer);
    const ended = Promise.all([...this.lanes.values()].map((lane) => lane.close()));
    await Promise.race([ended, sleep(this.host.lastWaitMs, undefined, { ref: false })]);
    await leaveInTime(this.leave());
  }

  private async leave(): Promise<void> {
    if (this.reading.remembers) await this.commit();
    await this.consumer.disconnect().catch(() => undefined);
  }

  private newConsumer(): Consumer {
    const consumer = openConsumer(this.connection, this.reading.group);
    consumer.on(consumer.events.GROUP_JOIN, () => {
      this.joined = true;
      this.forgetLanes();
    });
    consumer.on(consumer.events.CRASH, ({ payload: { error, restart } }) => {
      this.joined = false;
      if (this.stopped) return;
      this.logger.warn(`${this.reading.group} lost its broker and tries again: ${error.message}`);
      if (!restart) this.startAgain();
    });
    return consumer;
  }

  private async join(): Promise<void> {
    const { consumer } = this;
    const member = Promise.withResolvers<undefined>();
    const removers = [
      consumer.on(consumer.events.GROUP_JOIN, () => {
        member.resolve(undefined);
      }),
      consumer.on(consumer.events.CRASH, ({ payload }) => {
        // A broker that has just started is still loading its groups; the library tries again.
        last = payload.error;
        if (!payload.restart) member.reject(payload.error);
      }),
    ];
    let last: Error = new Error('the group let nobody in');
    const tooLate = setTimeout(() => {
      member.reject(last);
    }, JOIN_MS);
    member.promise.catch(() => undefined);
    try {
      await consumer.connect();
      await consumer.subscribe({ topics: [...this.reading.topics], fromBeginning: this.reading.from === 'beginning' });
      await consumer.run({
        autoCommit: false,
        partitionsConsumedConcurrently: PARTITIONS_AT_ONCE,
        eachBatch: (payload) => this.take(payload),
      });
      await member.promise;
    } finally {
      clearTimeout(tooLate);
      for (const remove of removers) remove();
    }
  }

  /** What the library gives up for good is begun anew: a broker that was gone for long may come back. */
  private startAgain(): void {
    setTimeout(() => {
      if (this.stopped) return;
      void this.consumer.disconnect().catch(() => undefined);
      this.consumer = this.newConsumer();
      this.join().catch((error: unknown) => {
        if (this.stopped) return;
        const { message } = explainKafkaError(error, this.connection.settings, `Reading as ${this.reading.group}`);
        this.logger.error(message);
        this.startAgain();
      });
    }, RESTART_AFTER_MS).unref();
  }

  /** A new membership reads from what was committed, so what was begun under the old one is dropped. */
  private forgetLanes(): void {
    const old = [...this.lanes.values()].map((lane) => lane.close());
    this.lanes.clear();
    this.ends.clear();
    this.committed.clear();
    this.leaving = Promise.all([this.leaving, ...old]);
  }

  private async take(payload: EachBatchPayload): Promise<void> {
    if (this.stopped || payload.isStale()) return;
    const { batch } = payload;
    const { topic, partition } = batch;
    const place = placeOf(topic, partition);
    const lane = this.lanes.get(place) ?? this.openLane(topic, partition);
    this.ends.set(place, Number(batch.highWatermark));
    for (const message of batch.messages) {
      lane.push({
        topic,
        partition,
        offset: message.offset,
        key: message.key,
        value: message.value,
        headers: message.headers ?? {},
      });
      payload.resolveOffset(message.offset);
    }
    for (let waits = 0; !lane.hasRoom; waits += 1) {
      await lane.room(500);
      await payload.heartbeat();
      if (waits < 4) continue;
      // A handler holds this partition up: the others go on without it.
      const resume = payload.pause();
      void lane.room(600_000).then(resume);
      return;
    }
  }

  private openLane(topic: string, partition: number): Lane {
    const lane: Lane = new Lane(this.host, this.leaving, (error) => {
      this.readAgain(lane, topic, partition, error);
    });
    this.lanes.set(placeOf(topic, partition), lane);
    return lane;
  }

  /** After the store has failed: from the first message that is still open, once more. */
  private readAgain(lane: Lane, topic: string, partition: number, error: unknown): void {
    const message = error instanceof Error ? error.message : String(error);
    this.logger.error(`${topic} is read again in ${String(RESTART_AFTER_MS / 1000)} s: ${message}`);
    setTimeout(() => {
      const place = placeOf(topic, partition);
      const offset = lane.progress.committable;
      if (this.stopped || this.lanes.get(place) !== lane || offset === undefined) return;
      this.leaving = Promise.all([this.leaving, lane.close()]);
      this.consumer.seek({ topic, partition, offset: String(offset) });
      this.lanes.delete(place);
    }, RESTART_AFTER_MS).unref();
  }

  private commit(): Promise<void> {
    this.committing = this.committing.then(async () => {
      const due = [...this.lanes].flatMap(([place, lane]) => {
        const offset = lane.progress.committable;
        if (offset === undefined || offset === this.committed.get(place)) return [];
        return [{ place, offset, ...parsePlace(place) }];
      });
      if (due.length === 0) return;
      try {
        await this.consumer.commitOffsets(
          due.map(({ topic, partition, offset }) => ({ topic, partition, offset: String(offset) })),
        );
        for (const { place, offset } of due) this.committed.set(place, offset);
      } catch (error) {
        // Whoever reads from an older offset handles the same messages once more, to the same effect.
        this.logger.debug(`${this.reading.group} could not commit: ${(error as Error).message}`);
      }
    });
    return this.committing;
  }
}

function placeOf(topic: string, partition: number): string {
  return `${topic} ${String(partition)}`;
}

function parsePlace(place: string): { topic: string; partition: number } {
  const [topic = '', partition = ''] = place.split(' ');
  return { topic, partition: Number(partition) };
}
