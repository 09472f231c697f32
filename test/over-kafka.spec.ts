import 'reflect-metadata';
import { describe, expect, it } from '@jest/globals';
import { KafkaLaboratory } from './kafka-run.ts';
import { testKafka } from './kafka/test-kafka.ts';
import { digestsOf, Laboratory, smallSpec } from './whole-run.ts';

const kafka = await testKafka();
const describeKafka = kafka === undefined ? describe.skip : describe;

/** With a client whose base is computed in int8 beside others. */
const spec = smallSpec({
  profiles: { 'client-2': { lora: { rank: 1, blocks: 2 }, base: { precision: 'int8' } } },
});

describeKafka('a whole run over Kafka', () => {
  it('comes to the digests of one process, from two sites, on one partition a topic, one message at a time', async () => {
    const alone = await Laboratory.open();
    const expected = digestsOf(await alone.run(spec));
    await alone.close();

    const laboratory = await KafkaLaboratory.open(kafka!.settings({ partitions: 1 }));
    try {
      expect(digestsOf(await laboratory.run(spec))).toEqual(expected);
      expect(laboratory.deadLetters).toEqual([]);
      expect(laboratory.faults).toEqual([]);
    } finally {
      await laboratory.close();
    }
  }, 180_000);
});
