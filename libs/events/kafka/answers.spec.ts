import { describe, expect, it } from '@jest/globals';
import { Answers } from './answers.ts';

/** An answer as it is on the wire. */
function answer(body: string): Buffer {
  const bytes = Buffer.from(body);
  const length = Buffer.alloc(4);
  length.writeInt32BE(bytes.length);
  return Buffer.concat([length, bytes]);
}

describe('a broker’s answers', () => {
  const bodies = ['first', 'a'.repeat(70_000), 'last'];
  const wire = Buffer.concat(bodies.map(answer));

  it.each([1, 3, 4, 5, 1000, wire.length])('come whole, however they are cut: %d bytes at a time', (step) => {
    const answers = new Answers('broker:9092');
    const whole: Buffer[] = [];
    for (let at = 0; at < wire.length; at += step) whole.push(...answers.take(wire.subarray(at, at + step)));
    expect(whole.map((said) => said.subarray(4).toString())).toEqual(bodies);
    expect(Buffer.concat(whole).equals(wire)).toBe(true);
  });

  it('do not change when what they were read into is read into again', () => {
    const answers = new Answers('broker:9092');
    const buffer = Buffer.from(answer('kept as it was'));
    const [kept] = answers.take(buffer);
    buffer.fill(0);
    expect(kept?.subarray(4).toString()).toBe('kept as it was');
  });

  it.each([
    ['HTTP', 'HTTP/1.1 400 Bad Request\r\n'],
    ['TLS', '\u0015\u0003\u0001\u0000\u0002\u0002\u0046'],
    ['less than an answer’s number', '\u0000\u0000\u0000\u0003abc'],
  ])('are not taken for what is no broker’s: %s', (_, said) => {
    expect(() => [...new Answers('elsewhere:80').take(Buffer.from(said, 'latin1'))]).toThrow(
      /what answers at elsewhere:80 is not Kafka/,
    );
  });
});
