import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import kafkajs from 'kafkajs';

interface Heard {
  readonly topic: string;
  readonly experiment: string;
  /** As it is on the wire. */
  readonly data: unknown;
}

/** Reads topics beside those whom they are for. */
export class TopicTap {
  private readonly kafka: kafkajs.Kafka;
  private readonly topics: readonly string[];
  private readonly consumer: kafkajs.Consumer;
  private readonly heard: Heard[] = [];
  /** The offset that comes next, by topic and partition. */
  private readonly next = new Map<string, number>();

  private constructor(kafka: kafkajs.Kafka, topics: readonly string[]) {
    this.kafka = kafka;
    this.topics = topics;
    this.consumer = kafka.consumer({ groupId: `taps-${randomUUID()}` });
  }

  static async open(broker: string, topics: readonly string[]): Promise<TopicTap> {
    const kafka = new kafkajs.Kafka({ brokers: [broker], logLevel: kafkajs.logLevel.NOTHING });
    const tap = new TopicTap(kafka, topics);
    await tap.consumer.connect();
    await tap.consumer.subscribe({ topics: [...topics], fromBeginning: true });
    await tap.consumer.run({
      eachMessage: ({ topic, partition, message: { headers, value, offset } }) => {
        // Pieces of blobs come between.
        if (headers?.['ce_type'] !== undefined)
          tap.heard.push({ topic, experiment: String(headers['ce_experiment']), data: JSON.parse(String(value)) });
        tap.next.set(`${topic} ${String(partition)}`, Number(offset) + 1);
        return Promise.resolve();
      },
    });
    return tap;
  }

  /** What was said of an experiment on a topic, as far as it was read. */
  said(topic: string, experiment: string): readonly unknown[] {
    return this.heard.filter((one) => one.topic === topic && one.experiment === experiment).map(({ data }) => data);
  }

  /** Resolves once all is read that is there now. */
  async caughtUp(): Promise<void> {
    const admin = this.kafka.admin();
    await admin.connect();
    try {
      for (const topic of this.topics) {
        for (const { partition, low, high } of await admin.fetchTopicOffsets(topic)) {
          if (low === high) continue;
          while ((this.next.get(`${topic} ${String(partition)}`) ?? 0) < Number(high)) await sleep(20);
        }
      }
    } finally {
      await admin.disconnect();
    }
  }

  async close(): Promise<void> {
    await this.consumer.disconnect();
  }
}
