import 'reflect-metadata';
import { linksMeasured } from '#contracts';
import { describe, expect, it } from '@jest/globals';
import { testKafka } from '../../../test/kafka/test-kafka.ts';
import { CoordinatorProbe, probe } from '../contract/probes.ts';
import { openKafkaBench, until } from '../contract/transport-bench.ts';
import type { DeadLetter } from '../dead-letter.ts';
import { TransportError } from '../transport-error.ts';
import { readDeadLetters } from './read-dead-letters.ts';

const kafka = await testKafka();

(kafka === undefined ? describe.skip : describe)('dead letters', () => {
  it('are read from their topic as they came, and handled when they are sent again', async () => {
    probe.heard = [];
    probe.onEvent = () => Promise.reject(new TransportError('event.invalid', 'cannot be handled'));
    const bench = await openKafkaBench(kafka!.settings());
    const letters: DeadLetter[] = [];
    const store = bench.newStore();
    const publisher = bench.publisher('coordinator', store);
    await bench.start(CoordinatorProbe, { service: 'coordinator' }, store);
    await publisher.publish(linksMeasured, { round: 7, links: [] }, { experiment: 'e' });
    const stop = await readDeadLetters(bench.connection, (letter) => void letters.push(letter));
    await until(() => letters.length === 1);
    expect(letters[0]).toMatchObject({ service: 'coordinator', code: 'event.invalid', reason: 'cannot be handled' });
    expect(letters[0]?.headers).toMatchObject({ ce_type: 'links.measured', ce_experiment: 'e' });

    const heard: unknown[] = [];
    probe.onEvent = ({ data }) => void heard.push(data);
    await bench.connection.resend(letters[0]!);
    await until(() => heard.length === 1);
    expect(heard).toEqual([{ round: 7, links: [] }]);
    await stop();
    await bench.close();
  });
});
