import { mkdtemp, readdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ClosingFigures } from '#storage';
import pg from 'pg';
import { CoordinatorClient } from '../../apps/cli/remote/coordinator-client.ts';
import { describeBase } from '../../apps/cli/spec/describe-base.ts';
import { BrokerPart } from '../../apps/cli/up/broker-part.ts';
import { DatabasePart } from '../../apps/cli/up/database-part.ts';
import type { Part, RunningPart } from '../../apps/cli/up/part.ts';
import { ServicePart } from '../../apps/cli/up/service-part.ts';
import type { Aim } from './kill-at.ts';
import type { Fault, ServiceName } from './moments.ts';
import { scenarios, type ScenarioName } from './scenarios.ts';

const DIST = resolve(import.meta.dirname, '../../dist');
const KILL_AT = pathToFileURL(join(import.meta.dirname, 'kill-at.ts'));
const END_MS = 120_000;
const MARKER_BYTES = 32;

/** What a run came to, in all that may not depend on what died on the way. */
export interface Outcome {
  readonly state: string;
  readonly globalDigest: string;
  readonly personalDigests: readonly string[];
  readonly contributions: readonly string[];
  readonly transmissions: readonly string[];
  readonly roundEndings: readonly string[];
}

/** All services as processes over a real broker and a real database; what dies is started again at once. */
export class Rig {
  readonly home: string;
  private readonly kept: Kept[] = [];
  private readonly database: DatabasePart;
  private url = '';
  private runs = 0;

  private constructor(home: string) {
    this.home = home;
    this.database = new DatabasePart(home);
  }

  static async start(): Promise<Rig> {
    const rig = new Rig(await mkdtemp(join(tmpdir(), 'airtune-faults-')));
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

  /** Runs a scenario to its end; with a fault, one process dies on the way. Throws when the fault was never reached. */
  async run(scenario: ScenarioName, fault?: Fault): Promise<{ experiment: string; outcome: Outcome }> {
    await this.forgetBlobs();
    this.runs += 1;
    const experiment = `${scenario}-${String(this.runs)}`;
    const spec = scenarios[scenario];
    const { base, initialShared } = await describeBase(spec);
    if (fault !== undefined) await this.aim(fault);
    const client = new CoordinatorClient({ url: this.url });
    await persistently(() => client.putBlob(base.shared.initial.digest, initialShared));
    await persistently(() => client.submit({ experiment, spec, base }));
    await this.untilEnded(client, experiment);
    const { state, failureCode, failureMessage } = await persistently(() => client.show(experiment));
    if (state === 'failed' && scenario !== 'refused')
      throw new Error(`${experiment} failed: ${String(failureCode)}: ${String(failureMessage)}`);
    if (fault !== undefined && !(await this.wasReached(fault.service)))
      throw new Error(`${fault.service} never came to ${fault.moment} of ${fault.contract}`);
    return { experiment, outcome: await this.outcome(client, experiment) };
  }

  /** The part of that name, such as `broker` or `trainer/site-1`: it dies at once, and is started again. */
  async kill(name: string): Promise<void> {
    const kept = this.kept.find((one) => one.part.name === name);
    if (kept === undefined) throw new Error(`there is no ${name}`);
    await kept.kill();
  }

  /** Resolves once an upload of the run that is under way has been recorded. */
  async untilFirstUpload(): Promise<void> {
    const experiment = this.runs;
    for (const end = performance.now() + END_MS; performance.now() < end;) {
      await sleep(50);
      const found: string[] = await this.query(
        "SELECT client AS line FROM airtune.contribution WHERE experiment_id LIKE '%-' || $1",
        String(experiment),
      ).catch((): string[] => []);
      if (found.length > 0) return;
    }
    throw new Error(`nothing was uploaded within ${String(END_MS / 1000)} s`);
  }

  audit(experiment: string): Promise<unknown> {
    return fetch(`${this.url}/experiments/${experiment}/audit`).then((answer) => answer.json());
  }

  private async startAll(): Promise<void> {
    const broker = await this.keep(new BrokerPart(join(this.home, 'kafka'), process.env));
    await this.keep(this.database);
    const common = {
      AIRTUNE_DATA_ROOTS: '/',
      AIRTUNE_MODEL_ROOTS: '/',
      AIRTUNE_KAFKA_BROKERS: broker.address,
      AIRTUNE_KAFKA_SESSION_TIMEOUT_MS: '2000',
    };
    const coordinator = await this.keep(
      this.service('coordinator', 'coordinator', { ...common, DATABASE_URL: this.database.url }),
    );
    this.url = coordinator.address;
    await this.keep(this.service('channel', 'channel', common));
    for (const index of [0, 1]) {
      const site = { AIRTUNE_SITE: `site-${String(index)}`, AIRTUNE_SITES: '2', AIRTUNE_SITE_INDEX: String(index) };
      await this.keep(
        this.service(`trainer/site-${String(index)}`, 'trainer', { ...common, ...site, AIRTUNE_THREADS: '1' }),
      );
    }
  }

  private service(name: string, app: ServiceName, variables: NodeJS.ProcessEnv): ServicePart {
    return new ServicePart({
      name,
      main: pathToFileURL(join(DIST, 'apps', app, 'main.js')),
      variables: {
        ...process.env,
        AIRTUNE_HOME: this.home,
        ...variables,
        NODE_OPTIONS: `--import=${KILL_AT.href} --disable-warning=ExperimentalWarning`,
        AIRTUNE_KILL_AIM: this.aimFile(app),
      },
      port: 0,
      logFile: join(this.home, 'logs', `${name.replace('/', '-')}.log`),
    });
  }

  private async keep(part: Part): Promise<RunningPart> {
    const kept = new Kept(part);
    this.kept.push(kept);
    return kept.begin();
  }

  private aimFile(service: ServiceName): string {
    return join(this.home, `${service}.aim`);
  }

  private async aim({ service, contract, moment }: Fault): Promise<void> {
    // The channel gets the global model before the first upload.
    const otherBlobs = contract === 'upload.sent' ? 1 : 0;
    const aim: Aim = { contract, moment, otherBlobs };
    const file = this.aimFile(service);
    await rm(`${file}.reached`, { force: true });
    await writeFile(`${file}.new`, JSON.stringify(aim));
    await rename(`${file}.new`, file);
  }

  private async wasReached(service: ServiceName): Promise<boolean> {
    await rm(this.aimFile(service), { force: true });
    return (await readdir(this.home)).includes(`${service}.aim.reached`);
  }

  /** The same seed makes the same blobs: what one run left behind would spare the next its transfers. */
  private async forgetBlobs(): Promise<void> {
    const files = await readdir(this.home, { recursive: true, withFileTypes: true }).catch(() => []);
    for (const file of files) {
      const path = join(file.parentPath, file.name);
      // The marker by which coordinators know their store is a small blob among the others.
      if (!file.isFile() || !/\/blobs\/[0-9a-f]{2}\//.test(path) || (await stat(path)).size <= MARKER_BYTES) continue;
      await rm(path, { force: true });
    }
  }

  private async untilEnded(client: CoordinatorClient, experiment: string): Promise<void> {
    for (const end = performance.now() + END_MS; performance.now() < end;) {
      await sleep(100);
      const { state } = await persistently(() => client.show(experiment));
      if (state !== 'enrolling' && state !== 'running') return;
    }
    throw new Error(`${experiment} did not end within ${String(END_MS / 1000)} s`);
  }

  private async outcome(client: CoordinatorClient, experiment: string): Promise<Outcome> {
    const { state } = await persistently(() => client.show(experiment));
    const figures: ClosingFigures = await persistently(() => client.figures(experiment));
    return {
      state,
      globalDigest: figures.globalDigest,
      personalDigests: figures.clients.map(({ client: name, personalDigest }) => `${name} ${String(personalDigest)}`),
      contributions: await this.query(
        `SELECT concat_ws(' ', round, client, verdict, digest, weight) AS line FROM airtune.contribution
         WHERE experiment_id = $1 ORDER BY round, client, verdict`,
        experiment,
      ),
      transmissions: await this.query(
        `SELECT concat_ws(' ', round, client, direction, bits, delay_ms, outcome) AS line FROM airtune.transmission
         WHERE experiment_id = $1 ORDER BY round, client, direction`,
        experiment,
      ),
      roundEndings: await this.query(
        `SELECT concat_ws(' ', number, stage, global_after_digest) AS line FROM airtune.round
         WHERE experiment_id = $1 ORDER BY number`,
        experiment,
      ),
    };
  }

  private async query(sql: string, parameter: string): Promise<string[]> {
    const db = new pg.Client({ connectionString: this.database.url });
    await db.connect();
    try {
      const { rows } = await db.query<{ line: string }>(sql, [parameter]);
      return rows.map(({ line }) => line);
    } finally {
      await db.end();
    }
  }
}

/** A part that is started again whenever it ends. */
class Kept {
  readonly part: Part;
  private running: RunningPart | undefined;
  private watching: Promise<void> = Promise.resolve();
  private ending = false;

  constructor(part: Part) {
    this.part = part;
  }

  async begin(): Promise<RunningPart> {
    const running = await this.part.start();
    this.running = running;
    this.watching = this.watch(running);
    return running;
  }

  async kill(): Promise<void> {
    const { running } = this;
    if (running?.pid === undefined) throw new Error(`${this.part.name} does not run`);
    // The broker is a group of its own: whoever keeps it, and itself.
    process.kill(this.part.name === 'broker' ? -running.pid : running.pid, 'SIGKILL');
    await running.ended;
  }

  async end(): Promise<void> {
    this.ending = true;
    await this.running?.stop();
    await this.watching;
    await this.running?.stop();
  }

  private async again(): Promise<RunningPart | undefined> {
    while (!this.ending) {
      try {
        this.running = await this.part.start();
        return this.running;
      } catch {
        await sleep(500);
      }
    }
    return undefined;
  }

  private async watch(first: RunningPart): Promise<void> {
    for (let running = first; ;) {
      await running.ended;
      if (this.ending) return;
      const again = await this.again();
      if (again === undefined) return;
      running = again;
    }
  }
}

/** Tries again for a while: whom one asks may be dying or starting. */
async function persistently<T>(work: () => Promise<T>): Promise<T> {
  for (let left = 60; ; left -= 1) {
    try {
      return await work();
    } catch (error) {
      if (left === 0) throw error;
      await sleep(500);
    }
  }
}
