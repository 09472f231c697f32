import { connect as connectPlainly, isIP, type OnReadOpts, type Socket } from 'node:net';
import { connect as connectSecurely } from 'node:tls';
import type { ISocketFactory } from 'kafkajs';
import { Answers } from './answers.ts';

const KEEP_ALIVE_MS = 60_000;

/** The system's own buffer for a connection on this machine; each read fills it at most once. */
const READ_BYTES = 256 * 1024;

/**
 * Connects as the library does, but a small request does not wait until the one before it is acknowledged (Nagle), what is
 * read goes into one buffer, and the library hears of whole answers: it would join the parts of each, time and again.
 */
export const plainSocket: ISocketFactory = ({ host, port, onConnect }) =>
  answering(`${host}:${String(port)}`, (onread) => connectPlainly({ host, port, onread }, onConnect));

export const secureSocket: ISocketFactory = ({ host, port, ssl, onConnect }) =>
  answering(`${host}:${String(port)}`, (onread) => {
    const named = isIP(host) === 0 ? { servername: host } : {};
    const options = { host, port, onread, ...named, ...ssl };
    return connectSecurely(options, onConnect);
  });

function answering(broker: string, connect: (onread: OnReadOpts) => Socket): Socket {
  const answers = new Answers(broker);
  const socket = connect({
    buffer: Buffer.allocUnsafeSlow(READ_BYTES),
    callback: (bytes, buffer) => {
      try {
        for (const answer of answers.take(buffer.subarray(0, bytes))) socket.emit('data', answer);
      } catch (error) {
        socket.destroy(error as Error);
      }
      return true;
    },
  });
  return socket.setKeepAlive(true, KEEP_ALIVE_MS).setNoDelay(true);
}
