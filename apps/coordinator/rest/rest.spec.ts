import 'reflect-metadata';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { clientEnrolled, experimentSpec, type BaseModel } from '#contracts';
import { InProcessBroker, InProcessPublisher, InProcessServer, SystemClock } from '#events';
import { Health, JsonLogger, Metrics, startServiceApplication, type ServiceApplication } from '#operations';
import { digestOf, encodeSafetensors } from '#parameters';
import { BlobStore, openRecord, openSigningKey, type ExperimentRecord } from '#storage';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { newSigner, signed } from '../../../test/site-signer.ts';
import { Published } from '../../../test/openapi/published.ts';
import { startTestServer, type TestServer } from '../../../test/postgres/test-server.ts';
import { EventSource, type FetchLike } from 'eventsource';
import { CoordinatorModule } from '../coordinator.module.ts';
import { prepareRest } from './prepare-rest.ts';
import { RestModule } from './rest.module.ts';

const initial = encodeSafetensors(new Map([['adapter.0.down.bias', { shape: [2], data: new Float32Array(2) }]]));
const base: BaseModel = {
  digest: digestOf(new Uint8Array([1])),
  config: {},
  parameters: 100,
  shared: {
    manifest: [{ name: 'adapter.0.down.bias', shape: [2] }],
    initial: { digest: digestOf(initial), bytes: initial.length },
  },
};
const spec = experimentSpec.parse({
  method: 'pftt',
  model: '/models/m',
  rounds: 2,
  clients: { count: 2 },
  data: { source: 'wordnet-topics' },
});

let folder: string;
let server: TestServer;
let record: ExperimentRecord;
let broker: InProcessBroker;
/** What the first coordinator says of itself: every answer of this file is held against it. */
let published: Published | undefined;
const running: ServiceApplication[] = [];

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'airtune-rest-'));
  server = await startTestServer();
  record = await openRecord({ home: folder, databaseUrl: await server.createDatabase(), access: 'shared' });
  broker = new InProcessBroker();
});

afterAll(async () => {
  for (const application of running) await application.close();
  await record.close();
  await server.stop();
  rmSync(folder, { recursive: true });
});

/** A coordinator on the record, with its REST border at the URL that is returned. */
async function coordinator(token?: string): Promise<string> {
  const blobs = new BlobStore(join(folder, 'blobs'));
  const clock = new SystemClock();
  const signer = await openSigningKey(join(folder, 'keys'));
  const publisher = new InProcessPublisher({ broker, source: 'coordinator', blobs, clock });
  const application = await startServiceApplication({
    module: RestModule.register(CoordinatorModule.register({ publisher, clock, record, blobs, signer }), { token }),
    transport: new InProcessServer(broker, { service: 'coordinator' }, blobs),
    prepare: ({ nest }) => {
      prepareRest(nest);
    },
    logger: new JsonLogger({ service: 'coordinator' }, 'error'),
    health: new Health(),
    metrics: new Metrics({ service: 'coordinator' }),
  });
  running.push(application);
  return application.listen('127.0.0.1', 0);
}

interface Answer {
  readonly status: number;
  readonly body: unknown;
}

async function call(
  url: string,
  method = 'GET',
  body?: unknown,
  headers: Record<string, string> = {},
): Promise<Answer> {
  const content =
    body === undefined
      ? {}
      : body instanceof Uint8Array
        ? { body, headers: { ...headers, 'content-type': 'application/octet-stream' } }
        : { body: JSON.stringify(body), headers: { ...headers, 'content-type': 'application/json' } };
  const response = await fetch(url, { method, headers, ...(content as object) });
  const text = await response.text();
  const type = response.headers.get('content-type');
  const answer =
    text === '' ? undefined : type?.startsWith('application/json') === true ? (JSON.parse(text) as unknown) : text;
  const { pathname } = new URL(url);
  if (!pathname.startsWith('/docs')) published?.check(method, pathname, response.status, type, answer);
  return { status: response.status, body: answer };
}

interface StreamedEntry {
  readonly experiment: string;
  readonly entry: number;
  readonly kind: string;
  readonly covers: unknown;
}

/** Every route that Nest has, but those of the description itself. */
function routesOf({ nest }: ServiceApplication): string[] {
  interface Layer {
    readonly route?: { readonly path: string; readonly methods: Readonly<Record<string, boolean>> };
  }
  const { router } = nest.getHttpAdapter().getInstance() as { router: { stack: readonly Layer[] } };
  return router.stack.flatMap(({ route }) => {
    if (route === undefined || route.path.startsWith('/docs')) return [];
    const path = route.path.replace(/:(\w+)/g, '{$1}');
    return Object.keys(route.methods).map((method) => `${method.toUpperCase()} ${path}`);
  });
}

/** The first so many events of a stream, which is then closed. */
async function firstEvents(url: string, count: number, headers: Record<string, string> = {}): Promise<StreamedEntry[]> {
  const { promise, resolve, reject } = Promise.withResolvers<StreamedEntry[]>();
  const events: StreamedEntry[] = [];
  const fetchWith: FetchLike = (address, init) => fetch(address, { ...init, headers: { ...init.headers, ...headers } });
  const stream = new EventSource(url, { fetch: fetchWith });
  stream.onmessage = ({ data, lastEventId }: { data: string; lastEventId: string }) => {
    const entry = JSON.parse(data) as StreamedEntry;
    expect(lastEventId).toBe(String(entry.entry));
    published?.checkEvent(new URL(url).pathname, entry);
    if (events.push(entry) !== count) return;
    stream.close();
    resolve(events);
  };
  stream.onerror = ({ message }) => {
    reject(new Error(message));
  };
  return promise;
}

describe('the REST border', () => {
  let url: string;

  beforeAll(async () => {
    url = await coordinator();
    published = await Published.of(url);
  });

  it('wants the initial tensors first, and takes them only under their digest', async () => {
    expect(await call(`${url}/experiments`, 'POST', { spec, base })).toMatchObject({
      status: 422,
      body: { code: 'experiment.blob-missing', message: expect.stringContaining(base.shared.initial.digest) },
    });
    const wrong = digestOf(new Uint8Array([9]));
    expect(await call(`${url}/blobs/${wrong}`, 'PUT', initial)).toMatchObject({
      status: 400,
      body: { code: 'storage.digest-mismatch' },
    });
    expect(await call(`${url}/blobs/..%2f..%2fetc`, 'PUT', initial)).toMatchObject({ status: 400 });
    const put = await call(`${url}/blobs/${base.shared.initial.digest}`, 'PUT', initial);
    expect(put).toEqual({ status: 201, body: base.shared.initial });
    expect(await call(`${url}/blobs/${base.shared.initial.digest}`, 'PUT', initial)).toMatchObject({ status: 200 });
  });

  it('takes a submission once, however often it is sent, and refuses another of its name', async () => {
    const body = { experiment: 'one', spec, base };
    expect(await call(`${url}/experiments`, 'POST', body)).toEqual({ status: 201, body: { experiment: 'one' } });
    expect(await call(`${url}/experiments`, 'POST', body)).toEqual({ status: 200, body: { experiment: 'one' } });
    expect(await call(`${url}/experiments`, 'POST', { ...body, spec: { ...spec, seed: 5 } })).toMatchObject({
      status: 409,
      body: { code: 'experiment.exists' },
    });
    expect(await call(`${url}/experiments`)).toMatchObject({ body: [{ experiment: 'one', state: 'enrolling' }] });
    expect(await call(`${url}/experiments/one`)).toMatchObject({ body: { id: 'one', spec: { seed: 0 } } });
  });

  it('names the field that is wrong', async () => {
    const wrong = { spec: { ...spec, rounds: 0, colour: 'red' }, base };
    const answer = await call(`${url}/experiments`, 'POST', wrong);
    expect(answer).toMatchObject({ status: 400, body: { code: 'request.invalid' } });
    expect((answer.body as { message: string }).message).toMatch(/spec\.rounds: .*\n?/);
    expect((answer.body as { message: string }).message).toMatch(/spec\.colour: unknown field/);
    expect(await call(`${url}/experiments/one/transmissions?limit=1000000`)).toMatchObject({ status: 400 });
    expect(await call(`${url}/experiments`, 'POST', { spec: { ...spec, method: 'none' }, base })).toMatchObject({
      status: 400,
      body: { code: 'method.unknown' },
    });
    const profiles = { 'client-1': { base: { precision: 'int8' } } };
    const tuned = { ...spec, method: 'pfit', data: { source: 'instructions' }, profiles };
    expect(await call(`${url}/experiments`, 'POST', { spec: tuned, base })).toMatchObject({
      status: 400,
      body: { code: 'spec.invalid', message: expect.stringMatching(/^profiles\.client-1\.base: pfit has one base/) },
    });
    const broken = await fetch(`${url}/experiments`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '{',
    });
    expect({ status: broken.status, body: await broken.json() }).toMatchObject({
      status: 400,
      body: { code: 'request.invalid' },
    });
  });

  it('shows who has enrolled, and with which profile', async () => {
    const publisher = new InProcessPublisher({
      broker,
      source: 'trainer/a',
      blobs: new BlobStore(join(folder, 'site')),
      clock: new SystemClock(),
    });
    const enrolment = {
      ...{
        site: 'a',
        client: 'client-0',
        baseDigest: base.digest,
        basePrecision: 'fp32' as const,
        dataDigest: base.digest,
        deviceClass: 'phone',
      },
      ...{ examples: { train: 9, personalTest: 5, generalTest: 5 }, parameters: { shared: 2, personal: 3 } },
      ...{ labels: ['x', 'y'], majorityClass: 0.5, notes: ['half of it is old'] },
    };
    await publisher.publish(clientEnrolled, signed(newSigner(), 'one', enrolment), { experiment: 'one' });
    await broker.settled();
    const at = `${url}/experiments/one`;
    expect(await call(`${at}/clients`)).toMatchObject({ body: [{ client: 'client-0', site: 'a', trainExamples: 9 }] });
    const said = { name: 'client-0', labels: ['x', 'y'], notes: ['half of it is old'] };
    expect(await call(`${at}/enrolments`)).toMatchObject({ body: [said] });
    expect(await call(`${at}/missing`)).toEqual({ status: 200, body: ['client-1'] });
    expect(await call(`${at}/profiles`)).toMatchObject({
      body: [{ client: 'client-0', version: 1, effectiveFromRound: 1, loraRank: 8 }],
    });
    expect(await call(`${at}/audit`)).toMatchObject({ status: 200, body: { verdict: 'intact', findings: [] } });
    for (const history of ['rounds', 'transmissions', 'evaluations']) {
      expect(await call(`${at}/${history}`)).toEqual({ status: 200, body: [] });
    }
    expect(await call(`${url}/experiments/none/rounds`)).toMatchObject({
      status: 404,
      body: { code: 'storage.experiment-unknown' },
    });
  });

  it('changes a profile from the next round on, once, and says what it cannot', async () => {
    const at = `${url}/experiments/one/profiles`;
    const change = { lora: { rank: 4 } };
    const expected = { client: 'client-0', version: 2, effectiveFromRound: 1, loraRank: 4, loraAlpha: 16 };
    for (let again = 0; again < 2; again += 1)
      expect(await call(`${at}/client-0`, 'PATCH', change)).toMatchObject({ status: 200, body: expected });
    expect(await call(at)).toMatchObject({ body: [{ version: 1, loraRank: 8 }, expected] });
    const refused: readonly [string, unknown, number, string][] = [
      ['client-0', {}, 400, 'request.invalid'],
      ['client-0', { colour: 'red' }, 400, 'request.invalid'],
      ['client-0', { rewards: { help: 2 } }, 400, 'profile.invalid'],
      ['client-9', change, 404, 'profile.client-unknown'],
      ['client-1', change, 409, 'profile.not-enrolled'],
    ];
    for (const [client, body, status, code] of refused)
      expect(await call(`${at}/${client}`, 'PATCH', body)).toMatchObject({ status, body: { code } });
    expect(await call(`${url}/experiments/none/profiles/client-0`, 'PATCH', change)).toMatchObject({ status: 404 });
    expect(await call(`${url}/experiments/one/audit`)).toMatchObject({ body: { verdict: 'intact' } });
  });

  it('streams the ledger, goes on behind the last entry that was received, and brings what is new at once', async () => {
    const at = `${url}/experiments/one/events`;
    const all = await firstEvents(at, 2);
    expect(all.map(({ kind }) => kind)).toEqual(['experiment.submitted', 'client']);
    expect(all[1]).toMatchObject({ entry: 2, covers: { name: 'client-0' }, experiment: 'one' });
    expect(await firstEvents(at, 1, { 'last-event-id': '1' })).toEqual(all.slice(1));
    expect(await firstEvents(`${at}?after=1`, 1)).toEqual(all.slice(1));
    const next = firstEvents(at, 1, { 'last-event-id': '4' });
    const asked = performance.now();
    await call(`${url}/experiments/one/cancel`, 'POST');
    expect(await next).toMatchObject([{ entry: 5, kind: 'experiment.cancelled' }]);
    expect(performance.now() - asked).toBeLessThan(2000);
    await call(`${url}/experiments/one/resume`, 'POST');
    expect(await call(at, 'GET', undefined, { 'last-event-id': 'x' })).toMatchObject({ status: 400 });
    expect(await call(`${url}/experiments/none/events`)).toMatchObject({ status: 404 });
  });

  it('cancels an experiment, which can be resumed', async () => {
    const at = `${url}/experiments/one`;
    expect(await call(`${at}/cancel`, 'POST')).toEqual({ status: 204, body: undefined });
    expect(await call(`${at}/cancel`, 'POST')).toEqual({ status: 204, body: undefined });
    expect(await call(at)).toMatchObject({ body: { state: 'cancelled', failureCode: null } });
    expect(await call(`${at}/resume`, 'POST')).toEqual({ status: 204, body: undefined });
    expect(await call(at)).toMatchObject({ body: { state: 'enrolling', failureCode: null } });
  });

  it('answers what is not there, and health and metrics beside it', async () => {
    expect(await call(`${url}/nothing`)).toMatchObject({ status: 404, body: { code: 'request.not-found' } });
    expect(await call(`${url}/health/live`)).toEqual({ status: 200, body: { status: 'live' } });
    expect(await call(`${url}/health/ready`)).toEqual({ status: 200, body: { status: 'ready', missing: [] } });
    const { body: metrics } = await call(`${url}/metrics`);
    expect(metrics).toMatch(
      /airtune_facts_handled_total\{fact="client.enrolled",outcome="done",service="coordinator"\} 1/,
    );
  });

  it('blames whoever asks for a name with a NUL, or sends a body of thousands of levels', async () => {
    expect(await call(`${url}/experiments/%00`)).toMatchObject({ status: 404, body: { code: 'request.not-found' } });
    const deep = `{"spec":${'['.repeat(30_000)}${']'.repeat(30_000)}}`;
    const headers = { 'content-type': 'application/json' };
    const { status } = await fetch(`${url}/experiments`, { method: 'POST', headers, body: deep });
    expect(status).toBe(400);
  });

  it('takes reward models in, out of service and in again, and refuses a spec that names one that is out', async () => {
    const card = {
      ...{ version: '2', digest: digestOf(new Uint8Array([7])), range: { lowest: -1, highest: 1 } },
      standardisation: { mean: 0, deviation: 0.5 },
    };
    const kindness = `${url}/reward-models/kindness`;
    expect(await call(`${kindness}/retire`, 'POST')).toMatchObject({ status: 404, body: { code: 'reward.unknown' } });
    expect(await call(kindness, 'PUT', card)).toMatchObject({ status: 200, body: { name: 'kindness', path: null } });
    expect(await call(kindness, 'PUT', { ...card, digest: 'none' })).toMatchObject({ status: 400 });
    expect(await call(`${url}/reward-models/No Name`, 'PUT', card)).toMatchObject({ status: 400 });
    const retired = await call(`${kindness}/retire`, 'POST');
    expect(retired).toMatchObject({ status: 200, body: { retiredAt: expect.any(String) } });
    const naming = experimentSpec.parse({ ...spec, method: 'pfit', rewards: { kind: { model: 'kindness' } } });
    await call(`${url}/blobs/${digestOf(initial)}`, 'PUT', initial);
    const submitted = await call(`${url}/experiments`, 'POST', { experiment: 'naming', spec: naming, base });
    expect(submitted).toMatchObject({ status: 422, body: { code: 'experiment.reward-retired' } });
    expect(await call(`${kindness}/reinstate`, 'POST')).toMatchObject({ status: 200, body: { retiredAt: null } });
    expect(await call(`${url}/reward-models`)).toMatchObject({
      status: 200,
      body: [{ name: 'kindness', version: '2', standardisationDeviation: 0.5, retiredAt: null }],
    });
  });

  it('lets sites in by name and key, and never under another', async () => {
    const { publicKey } = newSigner();
    const north = `${url}/sites/north`;
    expect(await call(north, 'PUT', { publicKey: 'short' })).toMatchObject({ status: 400 });
    const letIn = await call(north, 'PUT', { publicKey });
    expect(letIn).toMatchObject({ status: 200, body: { name: 'north', publicKey, trusted: 'by-operator' } });
    expect(await call(north, 'PUT', { publicKey })).toEqual(letIn);
    const other = await call(north, 'PUT', { publicKey: newSigner().publicKey });
    expect(other).toMatchObject({ status: 409, body: { code: 'site.other-key' } });
    expect(await call(`${url}/sites`)).toEqual({ status: 200, body: [letIn.body] });
  });

  it('is described at /docs: each of its routes, with the schema of each answer that was seen here', async () => {
    for (const history of ['scores', 'figures']) await call(`${url}/experiments/one/${history}`);
    await call(`${url}/experiments/one/audit`, 'POST', { witnesses: [] });
    expect(await call(`${url}/dead-letters`)).toEqual({ status: 200, body: [] });
    expect(await call(`${url}/dead-letters?all=perhaps`)).toMatchObject({ status: 400 });
    expect(await call(`${url}/dead-letters/7/retry`, 'POST')).toMatchObject({ status: 404 });
    expect(await call(`${url}/dead-letters/x/retry`, 'POST')).toMatchObject({ status: 400 });
    const { routes, seen } = published!;
    expect([...routes].sort()).toEqual(routesOf(running[0]!).sort());
    const answered = [...seen].filter((route) => /2\d\d$/.test(route)).map((route) => route.replace(/ \d+$/, ''));
    // A dead letter to be sent again needs a broker.
    expect(routes.filter((route) => !answered.includes(route))).toEqual(['POST /dead-letters/{id}/retry']);
    expect(JSON.stringify(published!.document.paths['/experiments']?.['post'])).toContain(
      '#/components/schemas/Submission',
    );
    const page = await fetch(`${url}/docs`);
    expect(page.headers.get('content-type')).toMatch(/text\/html/);
  });

  it('is closed to web pages of other names', async () => {
    expect(await call(`${url}/experiments`, 'GET', undefined, { origin: 'http://evil.example' })).toMatchObject({
      status: 403,
      body: { code: 'request.forbidden' },
    });
  });
});

describe('the REST border with a token', () => {
  it('opens to who has it, and to nobody else', async () => {
    const url = await coordinator('secret-token');
    const experiments = `${url}/experiments`;
    expect(await call(experiments)).toMatchObject({ status: 401, body: { code: 'request.token' } });
    expect(await call(experiments, 'GET', undefined, { authorization: 'Bearer secret-tokem' })).toMatchObject({
      status: 401,
    });
    expect(await call(experiments, 'GET', undefined, { authorization: 'Bearer secret-token' })).toMatchObject({
      status: 200,
    });
    expect(await call(`${url}/health/live`)).toMatchObject({ status: 200 });
  });
});
