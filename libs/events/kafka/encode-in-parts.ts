import type { createRequire } from 'node:module';

/** What of the client library's encoder is used here. It grows one buffer, and copies what is encoded into each level's own. */
interface Encoder {
  buf: Buffer;
  offset: number;
  /** What lies before `buf`, once there is something large: pieces as they were handed over. */
  parts?: Buffer[];
  readonly buffer: Buffer;
  size(): number;
  writeInt32(value: number): Encoder;
  writeBytes(value: unknown): Encoder;
  writeBufferInternal(buffer: Buffer): void;
  writeEncoder(value: Encoder): Encoder;
  writeEncoderArray(values: Encoder[]): Encoder;
}

/** From here on it is cheaper to keep a piece than to copy it. */
const LARGE_BYTES = 32 * 1024;

/** An encoder's first buffer, as the library makes it. */
const FIRST_BYTES = 512;

/**
 * Makes the client library's encoder keep large pieces as they are until all is put on the wire: it copied a record nine
 * times, from level to level, into buffers that it cleared first. What is encoded stays the same, byte by byte.
 */
export function encodeInParts(require: ReturnType<typeof createRequire>): void {
  const { prototype } = require('kafkajs/src/protocol/encoder.js') as { prototype: Encoder };
  const library = Object.create(null, Object.getOwnPropertyDescriptors(prototype)) as Encoder;

  prototype.writeBufferInternal = function (buffer) {
    if (buffer.length < LARGE_BYTES) {
      library.writeBufferInternal.call(this, buffer);
      return;
    }
    this.parts = [...partsOf(this), buffer];
    this.buf = Buffer.alloc(FIRST_BYTES);
    this.offset = 0;
  };
  prototype.writeBytes = function (value) {
    if (!Buffer.isBuffer(value) || value.length < LARGE_BYTES) return library.writeBytes.call(this, value);
    this.writeInt32(value.length).writeBufferInternal(value);
    return this;
  };
  prototype.writeEncoder = function (value) {
    for (const part of partsOf(value)) this.writeBufferInternal(part);
    return this;
  };
  prototype.writeEncoderArray = function (values) {
    for (const value of values) this.writeEncoder(value);
    return this;
  };
  prototype.size = function () {
    return partsOf(this).reduce((sum, { length }) => sum + length, 0);
  };
  Object.defineProperty(prototype, 'buffer', {
    configurable: true,
    get(this: Encoder) {
      const parts = partsOf(this);
      if (parts.length === 1) return parts[0];
      this.parts = [Buffer.concat(parts)];
      this.buf = Buffer.alloc(FIRST_BYTES);
      this.offset = 0;
      return this.parts[0];
    },
  });
}

function partsOf({ parts = [], buf, offset }: Encoder): Buffer[] {
  return offset > 0 || parts.length === 0 ? [...parts, buf.subarray(0, offset)] : parts;
}
