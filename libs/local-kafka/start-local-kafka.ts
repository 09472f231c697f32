import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { access, mkdir, open, readFile, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { brokerProperties, type BrokerPorts } from './broker-properties.ts';
import { findJava } from './find-java.ts';
import { freePorts } from './free-ports.ts';
import { kafkaJars } from './kafka-jars.ts';
import { LocalKafkaError } from './local-kafka-error.ts';
import { runProgram } from './run-program.ts';

export interface LocalKafkaOptions {
  /** Holds its data, properties and log; what was there before is used again. */
  readonly folder: string;
  readonly variables: NodeJS.ProcessEnv;
  /** With this there is a second port, where one must log in by SCRAM-SHA-256. Only when the folder is new. */
  readonly login?: { readonly username: string; readonly password: string };
  /** Beside `login`, a third port with TLS: a file with private key (PKCS #8) and certificate in PEM. */
  readonly tlsKeyFile?: string;
  /** The port that clients use; a free one unless named. */
  readonly port?: number;
  /** The broker ends when this process does; by default the one that starts it. */
  readonly livesWith?: number;
}

/** A broker of our own on this machine. */
export interface LocalKafka {
  /** `127.0.0.1:<port>` */
  readonly broker: string;
  /** The port where one must log in, if one was asked for. */
  readonly guardedBroker?: string;
  /** The port with TLS, where one must log in too. */
  readonly tlsBroker?: string;
  /** Resolves when it has ended, however it did, with how. */
  readonly ended: Promise<string>;
  /** Its process group, for whoever stops it from elsewhere. */
  readonly pid: number;
  readonly jars: string;
  readonly java: string;
  /** Ends it: in order, or with `now` as a power cut would. */
  stop(how?: 'in-order' | 'now'): Promise<void>;
}

/** Starts the broker, and ends it when its parent is gone, however that ended. */
const KEEPER = `
"$@" & broker=$!
trap 'kill "$broker" 2>/dev/null; wait "$broker"; exit 0' TERM INT
while kill -0 "$AIRTUNE_BROKER_LIVES_WITH" 2>/dev/null && kill -0 "$broker" 2>/dev/null; do sleep 1 & wait $!; done
kill "$broker" 2>/dev/null
wait "$broker"
`;

const START_MS = 60_000;

/**
 * Starts a one-node Kafka broker and waits until it answers.
 * @throws LocalKafkaError `local-kafka.no-java`, `-no-maven`, `-no-jars`, or `local-kafka.failed` with the end of its log.
 */
export async function startLocalKafka(options: LocalKafkaOptions): Promise<LocalKafka> {
  const { folder, variables, login, tlsKeyFile } = options;
  const java = await findJava(variables);
  const jars = await kafkaJars(variables);
  await mkdir(folder, { recursive: true });
  const [free = 0, controller = 0, guarded = 0, tls = 0] = await freePorts(4);
  const plain = options.port ?? free;
  const ports: BrokerPorts = {
    plain,
    controller,
    ...(login === undefined ? {} : { scram: guarded }),
    ...(tlsKeyFile === undefined ? {} : { tls }),
  };
  const properties = join(folder, 'server.properties');
  const data = join(folder, 'data');
  await writeFile(properties, brokerProperties(data, ports, tlsKeyFile));
  const run = ['-cp', join(jars, '*')];
  if (!(await isFormatted(data))) await format(java, run, properties, login);

  const log = join(folder, 'kafka.log');
  const file = await open(log, 'w');
  const child = spawn(
    'sh',
    ['-c', KEEPER, 'keeper', java, '-Xmx384m', '-XX:+UseSerialGC', ...run, 'kafka.Kafka', properties],
    {
      detached: true,
      stdio: ['ignore', file.fd, file.fd],
      env: { ...variables, AIRTUNE_BROKER_LIVES_WITH: String(options.livesWith ?? process.pid) },
    },
  );
  child.unref();
  const ended = endOf(child);
  await file.close();
  await untilOpen(plain, child, log);
  return {
    broker: `127.0.0.1:${String(plain)}`,
    ...(login === undefined ? {} : { guardedBroker: `127.0.0.1:${String(guarded)}` }),
    ...(tlsKeyFile === undefined ? {} : { tlsBroker: `127.0.0.1:${String(tls)}` }),
    ended,
    pid: child.pid ?? 0,
    jars,
    java,
    stop: (how) => stop(child, how),
  };
}

async function isFormatted(data: string): Promise<boolean> {
  return access(join(data, 'meta.properties')).then(
    () => true,
    () => false,
  );
}

async function format(
  java: string,
  run: readonly string[],
  properties: string,
  login: LocalKafkaOptions['login'],
): Promise<void> {
  const id = randomBytes(16).toString('base64url').replace(/^-/, 'A');
  const scram =
    login === undefined ? [] : ['--add-scram', `SCRAM-SHA-256=[name=${login.username},password=${login.password}]`];
  const { code, said } = await runProgram(java, [
    ...run,
    'kafka.tools.StorageTool',
    'format',
    '-t',
    id,
    '-c',
    properties,
    ...scram,
  ]);
  if (code !== 0)
    throw new LocalKafkaError('local-kafka.failed', `The broker's folder could not be prepared: ${said.trim()}`);
}

async function untilOpen(port: number, child: ChildProcess, log: string): Promise<void> {
  for (let waited = 0; waited < START_MS; waited += 50) {
    if (child.exitCode !== null || child.signalCode !== null) break;
    if (await isOpen(port)) return;
    await sleep(50);
  }
  const said = (await readFile(log, 'utf8').catch(() => '')).trim().split('\n').slice(-8).join('\n');
  await stop(child, 'now');
  throw new LocalKafkaError(
    'local-kafka.failed',
    `The local Kafka broker did not start. Its log (${log}) ends:\n${said}`,
    {
      retryable: true,
    },
  );
}

function isOpen(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.on('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.on('error', () => {
      resolve(false);
    });
  });
}

function endOf(child: ChildProcess): Promise<string> {
  return new Promise((resolve) => {
    child.once('exit', (code, signal) => {
      resolve(signal ?? `exit code ${String(code)}`);
    });
  });
}

async function stop(child: ChildProcess, how: 'in-order' | 'now' = 'in-order'): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return;
  child.ref();
  const ended = once(child, 'exit');
  if (how === 'in-order') {
    child.kill('SIGTERM');
    await Promise.race([ended, sleep(15_000, undefined, { ref: false })]);
  }
  try {
    process.kill(-child.pid, 'SIGKILL');
  } catch {
    // All of its group has ended.
  }
  await ended;
}
