// Loaded into a service before its own code: ends the process, as a power cut would, at the moment that a file names.
import { readFileSync, renameSync } from 'node:fs';
import { KafkaPublisher, KafkaServer } from '#events';
import { BlobStore } from '#storage';
import type { Fault, Moment } from './moments.ts';

const aimFile = process.env['AIRTUNE_KILL_AIM'] ?? '';

/** What the file says. */
export interface Aim extends Pick<Fault, 'contract' | 'moment'> {
  /** For `receiving-blob`: how many blobs of other facts the service receives first. */
  readonly otherBlobs: number;
}

function readAim(): Aim | undefined {
  try {
    return JSON.parse(readFileSync(aimFile, 'utf8')) as Aim;
  } catch {
    return undefined;
  }
}

/** Dies if this is what the file names; the first process that gets there takes the file with it, so that it is the only one. */
function reach(moment: Moment, contract: string): void {
  const aim = readAim();
  if (aim?.moment !== moment || aim.contract !== contract) return;
  try {
    renameSync(aimFile, `${aimFile}.reached`);
  } catch {
    return;
  }
  process.kill(process.pid, 'SIGKILL');
}

type Method = (...parts: never[]) => unknown;

/** Puts something around a method of a class. */
function around(owner: object, name: string, wrap: (original: Method) => Method): void {
  const methods = owner as Record<string, Method>;
  const original = methods[name];
  if (original === undefined) throw new Error(`there is no method ${name} to cut`);
  methods[name] = wrap(original);
}

around(KafkaPublisher.prototype, 'publish', (publish) => {
  return async function (this: KafkaPublisher, contract: { name: string }, ...rest: never[]) {
    reach('before-publish', contract.name);
    await publish.call(this, contract as never, ...rest);
    reach('after-publish', contract.name);
  };
});

// A chunk is on its way, the event that closes it is not. The last chunk would travel with the event: here it goes ahead.
around(KafkaPublisher.prototype, 'sendChunks', (sendChunks) => {
  return async function (this: KafkaPublisher, topic: string, envelope: { type: string }, blob: never) {
    const last = (await sendChunks.call(this, topic as never, envelope as never, blob)) as readonly unknown[];
    const aim = readAim();
    if (aim?.moment !== 'sending-blob' || aim.contract !== envelope.type) return last;
    const { connection } = this as unknown as { connection: { send(...said: unknown[]): Promise<void> } };
    await connection.send(topic, ...last);
    reach('sending-blob', envelope.type);
    return [];
  };
});

around(Object.getPrototypeOf(KafkaServer.prototype) as object, 'hand', (hand) => {
  return async function (this: KafkaServer, envelope: { type: string }) {
    reach('before-effect', envelope.type);
    await hand.call(this, envelope as never);
    reach('after-effect', envelope.type);
  };
});

/** Blobs that this process has begun to receive since the file was there. */
let received = 0;

// Who receives a blob cannot tell yet which fact will close it: the file says how many others come before it.
around(BlobStore.prototype, 'putStream', (putStream) => {
  return function (this: BlobStore, chunks: AsyncIterable<Uint8Array>, digest: string) {
    const cut = async function* () {
      for await (const chunk of chunks) {
        yield chunk;
        const aim = readAim();
        if (aim?.moment !== 'receiving-blob') continue;
        received += 1;
        if (received > aim.otherBlobs) reach('receiving-blob', aim.contract);
      }
    };
    return putStream.call(this, cut() as never, digest as never);
  } as Method;
});
