import { mkdtemp, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { setTimeout as sleep } from 'node:timers/promises';
import { rewardModels } from '#contracts';
import kafkajs from 'kafkajs';
import pg from 'pg';
import { CoordinatorClient } from '../../apps/cli/remote/coordinator-client.ts';
import { describeBase } from '../../apps/cli/spec/describe-base.ts';
import { BrokerPart } from '../../apps/cli/up/broker-part.ts';
import { DatabasePart } from '../../apps/cli/up/database-part.ts';
import type { Part } from '../../apps/cli/up/part.ts';
import { ServicePart } from '../../apps/cli/up/service-part.ts';
import { Kept } from './kept.ts';
import type { Aim } from './kill-at.ts';
import type { ServiceName } from './moments.ts';
import { type Outcome, queryLines, readOutcome } from './outcome.ts';
import { profileChanges, rewardServices, scenarios, type ScenarioName } from './scenarios.ts';
import { TopicTap } from './topic-tap.ts';

const DIST = resolve(import.meta.dirname, '../../dist');
const KILL_AT = pathToFileURL(join(import.meta.dirname, 'kill-at.ts'));
const END_MS = 120_000;
const REACH_MS = 20_000;
const MARKER_BYTES = 32;
const SITES = 2;

/** Where and when a process is to die: at a moment of a contract's message, or of a training. */
export type Target = Pick<Aim, 'contract' | 'moment' | 'signal'> & { readonly service: ServiceName };

export interface Run {
  readonly experiment: string;
  readonly outcome: Outcome;
}

/** All services as processes over a real broker and a real database; what dies is started again at once. */
export class Rig {
  readonly home: string;
  /** Whose broker this one uses too. */
  private readonly host: Rig | undefined;
  private readonly kept: Kept[] = [];
  private readonly database: DatabasePart;
  private broker = '';
  private runs = 0;

  private constructor(home: string, host: Rig | undefined) {
    this.home = home;
    this.host = host;
    this.database = new DatabasePart(home);
  }

  /** With `host` there is a database and a blob store of its own, and the other's broker, topics and all. */
  static async start(host?: Rig): Promise<Rig> {
    const rig = new Rig(await mkdtemp(join(tmpdir(), 'airtune-faults-')), host);
    try {
      await rig.startAll();
      return rig;
    } catch (error) {
      await rig.stop();
      throw error;
    }
  }

  async stop(): Promise<void> {
    for (const kept of this.kept.splice(0).reverse()) await kept.end();
    await rm(this.home, { recursive: true, force: true, maxRetries: 5 });
  }

  /** Runs a scenario to its end; with a target, one process dies on the way. Throws when it never came to that. */
  async run(scenario: ScenarioName, target?: Target): Promise<Run> {
    const experiment = await this.submit(scenario, target);
    const outcome = await this.untilEnded(experiment);
    if (target !== undefined) await this.untilReached(target);
    return { experiment, outcome };
  }

  /** Begins a scenario, and answers the name of the experiment. */
  async submit(scenario: ScenarioName, target?: Target): Promise<string> {
    await this.forgetBlobs();
    this.runs += 1;
    // Another's traffic has names of its own.
    const experiment = `${this.host === undefined ? '' : 'newcomer-'}${scenario}-${String(this.runs)}`;
    const spec = scenarios[scenario];
    for (const { model } of Object.values(rewardModels(spec.rewards))) await this.serveRewardModel(model);
    const { base, initialShared } = await describeBase(spec);
    await this.ask((client) => client.putBlob(base.shared.initial.digest, initialShared));
    if (target !== undefined) await this.aim(target);
    await this.ask((client) => client.submit({ experiment, spec, base }));
    await this.changeProfile(scenario, experiment);
    return experiment;
  }

  /** The part of that name, such as `broker` or `trainer/site-1`: it dies at once. */
  async kill(name: string, how?: { readonly stayAway: boolean }): Promise<void> {
    await this.find(name).kill(how);
  }

  /** Waits until a process of a service has ended once more than so often; answers how each of them did. */
  async untilEndsOf(service: ServiceName, more: number): Promise<readonly string[]> {
    await until(`an end of ${service}`, () => Promise.resolve(this.endsOf(service).length > more), REACH_MS);
    return this.endsOf(service).slice(more);
  }

  /** How the processes of a service have ended until now. */
  endsOf(service: ServiceName): readonly string[] {
    return this.kept.filter(({ name }) => name.split('/')[0] === service).flatMap(({ ends }) => ends);
  }

  /** Starts again what was told to stay away. */
  async bringBack(name: string): Promise<void> {
    await this.find(name).begin();
  }

  /** Submits what was submitted already, several times at once. */
  async submitAgain(scenario: ScenarioName, experiment: string): Promise<void> {
    const spec = scenarios[scenario];
    const { base } = await describeBase(spec);
    await Promise.all(Array.from({ length: 4 }, () => this.client.submit({ experiment, spec, base })));
  }

  /** Ends an experiment. */
  async cancel(experiment: string): Promise<void> {
    await this.client.cancel(experiment);
  }

  /** Cancels an experiment, twice, and takes it up again once nothing of it is under way. */
  async cancelForAWhile(experiment: string): Promise<void> {
    await this.client.cancel(experiment);
    await this.client.cancel(experiment);
    const outcome = await this.untilEnded(experiment);
    if (outcome.state !== 'cancelled') throw new Error(`${experiment} is ${outcome.state}`);
    await sleep(1000);
    await this.client.resume(experiment);
  }

  /** Lets the database take no change for a while. */
  async readOnlyFor(ms: number): Promise<void> {
    const set = (value: 'on' | 'off'): Promise<unknown> =>
      administer(this.home, `ALTER SYSTEM SET default_transaction_read_only = ${value}`, 'SELECT pg_reload_conf()');
    await set('on');
    try {
      await sleep(ms);
    } finally {
      await set('off');
    }
  }

  /** Lines of a service's log that hold a text. */
  async logLines(name: string, text: string): Promise<string[]> {
    const log = await readFile(join(this.home, 'logs', `${name.replace('/', '-')}.log`), 'utf8');
    return log.split('\n').filter((line) => line.includes(text));
  }

  /** A second coordinator on the same database and the same blob store. */
  async addStandby(): Promise<void> {
    await this.keep(this.coordinator('coordinator/standby'));
  }

  /** Stops in order all services, but neither broker nor database, and lets the broker forget how far they had read. */
  async silence(): Promise<void> {
    for (const kept of this.services.reverse()) await kept.end();
    const admin = new kafkajs.Kafka({ brokers: [this.broker], logLevel: kafkajs.logLevel.NOTHING }).admin();
    await admin.connect();
    try {
      const { groups } = await admin.listGroups();
      await admin.deleteGroups(groups.map(({ groupId }) => groupId));
    } finally {
      await admin.disconnect();
    }
  }

  /** Starts all services again that were silenced. */
  async resume(): Promise<void> {
    for (const kept of this.services) await kept.begin();
  }

  /** Takes a part away for good. */
  async remove(name: string): Promise<void> {
    const kept = this.find(name);
    this.kept.splice(this.kept.indexOf(kept), 1);
    await kept.end();
  }

  /** Does something while every message is delivered twice, and none in its turn. */
  async inDisorder<T>(work: () => Promise<T>): Promise<T> {
    await writeFile(this.disorderFile, '');
    try {
      return await work();
    } finally {
      await rm(this.disorderFile, { force: true });
    }
  }

  /** Listens to what is said on topics. */
  tap(...topics: readonly string[]): Promise<TopicTap> {
    return TopicTap.open(this.broker, topics);
  }

  /** Resolves once an upload of an experiment has been recorded. */
  untilFirstUpload(experiment: string): Promise<void> {
    return until('an upload', async () => {
      const found = await this.query(
        'SELECT client AS line FROM airtune.contribution WHERE experiment_id = $1',
        experiment,
      );
      return found.length > 0;
    });
  }

  /** Resolves with what an experiment came to, once it has ended. */
  async untilEnded(experiment: string): Promise<Outcome> {
    await until(`the end of ${experiment}`, async () => {
      const { state } = await this.client.show(experiment);
      return state !== 'enrolling' && state !== 'running';
    });
    return this.outcomeOf(experiment);
  }

  async outcomeOf(experiment: string): Promise<Outcome> {
    const { state } = await this.ask((client) => client.show(experiment));
    const figures = await this.ask((client) => client.figures(experiment));
    return readOutcome(this.database.url, experiment, state, figures);
  }

  /** What an audit finds, as JSON. */
  audit(experiment: string): Promise<unknown> {
    return this.ask(async ({ address }) => (await fetch(`${address.url}/experiments/${experiment}/audit`)).json());
  }

  /** The column `line` of a query on the record with one parameter. */
  query(sql: string, parameter: string): Promise<string[]> {
    return queryLines(this.database.url, sql, parameter);
  }

  /** Of a coordinator that is there. */
  get coordinatorUrl(): string {
    return this.kept.find(({ name, isKept }) => name.startsWith('coordinator') && isKept)?.address ?? '';
  }

  private get client(): CoordinatorClient {
    return new CoordinatorClient({ url: this.coordinatorUrl });
  }

  private get services(): Kept[] {
    return this.kept.filter(({ part }) => part instanceof ServicePart);
  }

  private get disorderFile(): string {
    return join(this.home, 'disorder');
  }

  private async startAll(): Promise<void> {
    this.broker = this.host?.broker ?? (await this.keep(new BrokerPart(join(this.home, 'kafka'), process.env))).address;
    await this.keep(this.database);
    await this.keep(this.coordinator('coordinator'));
    await this.keep(this.service('channel', 'channel', {}));
    for (let index = 0; index < SITES; index += 1) {
      const name = `site-${String(index)}`;
      await this.keep(
        this.service(`trainer/${name}`, 'trainer', {
          AIRTUNE_SITE: name,
          AIRTUNE_SITES: String(SITES),
          AIRTUNE_SITE_INDEX: String(index),
          AIRTUNE_DATA_ROOTS: '/',
          AIRTUNE_MODEL_ROOTS: '/',
          AIRTUNE_THREADS: '1',
        }),
      );
    }
  }

  /** In the first round: it takes effect with the second. */
  private async changeProfile(scenario: ScenarioName, experiment: string): Promise<void> {
    const asked = profileChanges[scenario];
    if (asked === undefined) return;
    await until('the first round', async () => {
      const rounds = await this.query('SELECT number AS line FROM airtune.round WHERE experiment_id = $1', experiment);
      return rounds.length > 0;
    });
    await this.ask((client) => client.changeProfile(experiment, asked.client, asked.change));
  }

  /** Unless it is there, is told to stay away, or nobody has such a model. */
  async serveRewardModel(model: string): Promise<void> {
    const name = `reward-model/${model}`;
    const path = rewardServices[model];
    if (path === undefined || this.kept.some((kept) => kept.name === name)) return;
    await this.keep(this.service(name, 'reward-model', { AIRTUNE_REWARD_MODEL: path }));
  }

  private coordinator(name: string): ServicePart {
    return this.service(name, 'coordinator', { DATABASE_URL: this.database.url });
  }

  private service(name: string, app: ServiceName, variables: NodeJS.ProcessEnv): ServicePart {
    return new ServicePart({
      name,
      main: pathToFileURL(join(DIST, 'apps', app, 'main.js')),
      variables: {
        ...process.env,
        AIRTUNE_HOME: this.home,
        AIRTUNE_KAFKA_BROKERS: this.broker,
        // Who takes over waits as long as this for whoever died.
        AIRTUNE_KAFKA_SESSION_TIMEOUT_MS: '2000',
        ...variables,
        NODE_OPTIONS: `--import=${KILL_AT.href} --disable-warning=ExperimentalWarning`,
        AIRTUNE_KILL_AIM: this.aimFile(app),
        AIRTUNE_DISORDER: this.disorderFile,
      },
      port: 0,
      logFile: join(this.home, 'logs', `${name.replace('/', '-')}.log`),
    });
  }

  private keep(part: Part): ReturnType<Kept['begin']> {
    const kept = new Kept(part);
    this.kept.push(kept);
    return kept.begin();
  }

  private find(name: string): Kept {
    const found = this.kept.find((one) => one.name === name);
    if (found === undefined) throw new Error(`there is no ${name}`);
    return found;
  }

  private aimFile(service: ServiceName): string {
    return join(this.home, `${service}.aim`);
  }

  private async aim({ service, contract, moment, signal }: Target): Promise<void> {
    // The channel gets the global model before the first upload.
    const otherBlobs = contract === 'upload.sent' ? 1 : 0;
    const aim: Aim = { contract, moment, otherBlobs, ...(signal === undefined ? {} : { signal }) };
    const file = this.aimFile(service);
    await rm(`${file}.reached`, { force: true });
    await writeFile(`${file}.new`, JSON.stringify(aim));
    await rename(`${file}.new`, file);
  }

  private async untilReached({ service, contract, moment }: Target): Promise<void> {
    try {
      // What follows from the end of an experiment comes after it.
      await until('', async () => (await readdir(this.home)).includes(`${service}.aim.reached`), REACH_MS);
    } catch {
      throw new Error(`${service} never came to ${moment} of ${contract}`);
    } finally {
      await rm(this.aimFile(service), { force: true });
    }
  }

  /** The same seed makes the same blobs: what one run left behind would spare the next its transfers. */
  private async forgetBlobs(): Promise<void> {
    const files = await readdir(this.home, { recursive: true, withFileTypes: true }).catch(() => []);
    for (const file of files) {
      const path = join(file.parentPath, file.name);
      // The marker by which coordinators know their store is a small blob among the others.
      if (!file.isFile() || !/\/blobs\/[0-9a-f]{2}\//.test(path)) continue;
      const { size } = await stat(path).catch(() => ({ size: 0 }));
      if (size <= MARKER_BYTES) continue;
      await rm(path, { force: true });
    }
  }

  /** Asks a coordinator; again for a while, for it may be dying or starting. */
  private async ask<T>(question: (client: CoordinatorClient) => Promise<T>): Promise<T> {
    for (let left = 60; ; left -= 1) {
      try {
        return await question(this.client);
      } catch (error) {
        if (left === 0) throw error;
        await sleep(500);
      }
    }
  }
}

/** Runs SQL as the superuser of the embedded server of a home. */
async function administer(home: string, ...statements: readonly string[]): Promise<void> {
  const folder = join(home, 'postgres');
  const place = await readFile(join(folder, 'location'), 'utf8').then(
    (text) => text.trim(),
    () => folder,
  );
  const [password, postmaster] = await Promise.all(
    ['password', join('data', 'postmaster.pid')].map((name) => readFile(join(place, name), 'utf8')),
  );
  const port = Number(postmaster?.split('\n')[3]);
  const options = { host: '127.0.0.1', port, user: 'airtune', database: 'postgres' };
  const db = new pg.Client({ ...options, password: password?.trim() ?? '' });
  await db.connect();
  try {
    for (const sql of statements) await db.query(sql);
  } finally {
    await db.end();
  }
}

/** Asks until the answer is yes; whom one asks may be dying or starting. */
export async function until(what: string, holds: () => Promise<boolean>, ms = END_MS): Promise<void> {
  for (const end = performance.now() + ms; performance.now() < end;) {
    if (await holds().catch(() => false)) return;
    await sleep(50);
  }
  throw new Error(`${what} did not come within ${String(ms / 1000)} s`);
}
