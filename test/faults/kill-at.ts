// Loaded into a service before its own code: ends the process, as a power cut would, at the moment that a file names; while
// another file is there, sends every message twice and none in its turn.
import { existsSync, readFileSync, renameSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { KafkaPublisher, KafkaServer } from '#events';
import { BlobStore } from '#storage';
import type { Fault, Moment } from './moments.ts';

const aimFile = process.env['AIRTUNE_KILL_AIM'] ?? '';
const disorderFile = process.env['AIRTUNE_DISORDER'] ?? '';

/** What the file says. */
export interface Aim extends Pick<Fault, 'contract'> {
  /** `training` is no moment of a message: a site is in the middle of training a client. */
  readonly moment: Moment | 'training';
  /** For `receiving-blob`: how many blobs of other facts the service receives first. */
  readonly otherBlobs: number;
  /** It is asked to stop rather than killed, and goes on from there as it sees fit. */
  readonly signal?: 'SIGTERM';
}

function readAim(): Aim | undefined {
  try {
    return JSON.parse(readFileSync(aimFile, 'utf8')) as Aim;
  } catch {
    return undefined;
  }
}

function isNext(moment: Aim['moment'], contract: string): boolean {
  const aim = readAim();
  return aim?.moment === moment && aim.contract === contract;
}

/** Dies if this is what the file names; the first process that gets there takes the file with it, so that it is the only one. */
function reach(moment: Aim['moment'], contract: string): void {
  if (!isNext(moment, contract)) return;
  const signal = readAim()?.signal ?? 'SIGKILL';
  try {
    renameSync(aimFile, `${aimFile}.reached`);
  } catch {
    return;
  }
  process.kill(process.pid, signal);
}

interface Speaker {
  readonly connection: { send(topic: string, ...records: unknown[]): Promise<void> };
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

// The last chunk travels with the event that closes it, as one; here it is on its way, as chunks of larger blobs are, and
// the event is not.
around(KafkaPublisher.prototype, 'sendChunks', (sendChunks) => {
  return async function (this: Speaker, topic: string, envelope: { type: string }, blob: never) {
    const last = await (sendChunks.call(this as never, topic as never, envelope as never, blob) as Promise<unknown[]>);
    if (isNext('sending-blob', envelope.type)) {
      await this.connection.send(topic, ...last);
      reach('sending-blob', envelope.type);
    }
    return last;
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

/** The first copy of a message is late by up to so long, the second by up to the other. */
const LATE_MS = [400, 3000] as const;

// One message on its way to one topic, with its blob. How late a copy is follows from what it says: nothing is left to chance.
around(KafkaPublisher.prototype, 'sendAlong', (sendAlong) => {
  return async function (this: KafkaPublisher, route: never, envelope: { id: string; key: string }, blob: never) {
    const send = () => sendAlong.call(this, route, envelope as never, blob) as Promise<void>;
    if (!existsSync(disorderFile)) return send();
    for (const [copy, mostMs] of LATE_MS.entries()) {
      const fraction = Number.parseInt(envelope.id.slice(8 * copy, 8 * copy + 8), 16) / 2 ** 32;
      void sleep(fraction * mostMs)
        .then(send)
        .catch((error: unknown) => {
          process.stderr.write(`a copy of ${envelope.id} was not sent: ${String(error)}\n`);
        });
    }
  };
});

interface Observer {
  progress: (said: { readonly step: number; readonly steps: number }) => void;
}

const service = process.argv[1] ?? '';
if (service.endsWith('trainer/main.js')) {
  const file = new URL('answer-download.js', pathToFileURL(service));
  const { AnswerDownload } = (await import(file.href)) as { AnswerDownload: { prototype: object } };
  around(AnswerDownload.prototype, 'trainArm', (trainArm) => {
    return function (this: { observer: Observer }, ...parts: never[]) {
      const { observer } = this;
      const progress: Observer['progress'] = (said) => {
        if (said.step === Math.ceil(said.steps / 2)) reach('training', '');
        observer.progress(said);
      };
      const watched = Object.create(this, { observer: { value: { ...observer, progress } } }) as object;
      return trainArm.apply(watched, parts);
    };
  });
}
