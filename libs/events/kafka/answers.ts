import { spendBuffers } from './spend-buffers.ts';

const LENGTH_BYTES = 4;

/** As much as a broker takes of a request; what announces more, or less than its number, is not Kafka's. */
const MOST_BYTES = 100 * 1024 ** 2;
const LEAST_BYTES = 4;

/** Puts a broker's answers together. Each is its length in four bytes, the highest first, and then as many bytes. */
export class Answers {
  private readonly broker: string;
  private readonly length = Buffer.alloc(LENGTH_BYTES);
  /** The answer that is under way, with its length; undefined until that is known. */
  private answer: Buffer | undefined;
  private filled = 0;

  constructor(broker: string) {
    this.broker = broker;
  }

  /** The answers that these bytes complete. Throws on what no broker says. */
  *take(bytes: Uint8Array): Generator<Buffer> {
    for (let at = 0; at < bytes.length;) {
      const into = this.answer ?? this.length;
      const part = bytes.subarray(at, at + into.length - this.filled);
      into.set(part, this.filled);
      at += part.length;
      this.filled += part.length;
      if (this.filled < into.length) return;
      if (this.answer === undefined) this.answer = this.begin(bytes);
      else {
        yield this.answer;
        this.answer = undefined;
        this.filled = 0;
      }
    }
  }

  private begin(bytes: Uint8Array): Buffer {
    const length = this.length.readInt32BE();
    if (length < LEAST_BYTES || length > MOST_BYTES) {
      const said = JSON.stringify(Buffer.from(bytes.subarray(0, 40)).toString('latin1'));
      throw new Error(`what answers at ${this.broker} is not Kafka: it says ${said}`);
    }
    spendBuffers(LENGTH_BYTES + length);
    const answer = Buffer.allocUnsafe(LENGTH_BYTES + length);
    this.length.copy(answer);
    return answer;
  }
}
