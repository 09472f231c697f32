import { spawn } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';

const AIRTUNE = resolve(import.meta.dirname, '../bin/airtune.js');
const MODEL = resolve(import.meta.dirname, '../models/tiny-encoder');
/** With a client whose base is in int8 beside others in fp32. */
const SPEC = `
name: cut
method: pftt
seed: 3
rounds: 3
model: ${MODEL}
data: { source: wordnet-topics, topics: [animal, food, person], limit: 300 }
clients: { count: 3 }
training: { steps: 4, batchSize: 8, maxTokens: 32 }
adapters: { width: 8 }
evaluation: { personalExamples: 20, generalExamples: 20 }
baselines: [local-only]
profiles: { client-1: { base: { precision: int8 } } }
`;

interface Outcome {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

interface Closing {
  readonly event: string;
  readonly globalDigest: string;
  readonly clients: readonly { readonly personalDigest: string; readonly own: { readonly digest: string } | null }[];
}

const REWARDED = `
name: rewarded
method: pfit
seed: 3
rounds: 2
model: ${resolve(MODEL, '../tiny-gpt2')}
base: { precision: int8 }
data: { source: instructions, limit: 100 }
clients: { count: 2 }
rewards: { helpfulness: { model: ${resolve(MODEL, '../reward-helpfulness')}, weight: 1 } }
ppo: { iterations: 2, ownIterations: 6, rollouts: 4, maxNewTokens: 8, epochs: 1 }
training: { batchSize: 4, learningRate: 1e-3, maxTokens: 48 }
sparsity: { attention: 0.4 }
evaluation: { generalExamples: 4 }
`;

let folder: string;
let spec: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'airtune-cli-'));
  spec = join(folder, 'cut.yaml');
  await writeFile(spec, SPEC);
});

afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
});

/** Runs the built command line in a process of its own; `cut` sees each line and may send a signal. */
function airtune(
  home: string,
  args: readonly string[],
  cut: (line: string, kill: (signal: NodeJS.Signals) => void, close: () => void) => void = () => undefined,
  variables: NodeJS.ProcessEnv = {},
): Promise<Outcome> {
  const child = spawn(process.execPath, [AIRTUNE, ...args], {
    env: { ...process.env, AIRTUNE_HOME: join(folder, home), AIRTUNE_THREADS: '1', NODE_OPTIONS: '', ...variables },
  });
  let stdout = '';
  let stderr = '';
  child.stderr.on('data', (text: Buffer) => (stderr += text.toString()));
  createInterface(child.stdout).on('line', (line) => {
    stdout += `${line}\n`;
    cut(
      line,
      (signal) => child.kill(signal),
      () => child.stdout.destroy(),
    );
  });
  return new Promise((done) => {
    child.on('close', (code) => {
      done({ code, stdout, stderr });
    });
  });
}

function digests({ stdout }: Outcome): readonly string[] {
  const closing = JSON.parse(stdout.trimEnd().split('\n').at(-1) ?? '{}') as Closing;
  expect(closing.event).toBe('experiment.finished');
  const own = closing.clients.flatMap((client) => client.own?.digest ?? []);
  return [closing.globalDigest, ...closing.clients.map(({ personalDigest }) => personalDigest), ...own];
}

/** Resolves to true as soon as the first client has asked what its second own iteration earned, and has still four to go. */
async function tunesForItself(home: string): Promise<boolean> {
  const site = join(home, 'sites', 'local');
  const [experiment = ''] = readdirSync(site).filter((name) => name.startsWith('rewarded-'));
  const scores = join(site, experiment, 'scores');
  const asked = (name: string): boolean => {
    if (!name.endsWith('.request.json')) return false;
    const { round, iteration } = JSON.parse(readFileSync(join(scores, name), 'utf8')) as Record<string, number>;
    return round === 3 && iteration === 2;
  };
  while (!existsSync(scores) || !readdirSync(scores).some(asked)) await sleep(5);
  return true;
}

describe('airtune run and resume', () => {
  let undisturbed: readonly string[];

  beforeAll(async () => {
    const outcome = await airtune('whole', ['run', spec, '--json']);
    expect(outcome).toMatchObject({ code: 0 });
    for (const line of outcome.stdout.trimEnd().split('\n')) expect(() => JSON.parse(line) as unknown).not.toThrow();
    undisturbed = digests(outcome);
  });

  const moments = [
    { name: 'while the first round trains', line: /"event":"progress","round":1,.*"training":2/ },
    { name: 'after an upload of the second round', line: /"event":"progress","round":2,.*"sending":1/ },
    { name: 'when a round has just been closed', line: /"event":"round.closed","round":1/ },
    { name: 'in the last evaluation', line: /"event":"progress","round":4/ },
  ];

  it.each(moments)('ends at the same digests after a SIGKILL $name', async ({ name, line }) => {
    const home = name.replaceAll(' ', '-');
    const killed = await airtune(home, ['run', spec, '--json'], (text, kill) => {
      if (line.test(text)) kill('SIGKILL');
    });
    expect(killed.code).toBeNull();
    const resumed = await airtune(home, ['resume', '--json']);
    expect(resumed).toMatchObject({ code: 0 });
    expect(digests(resumed)).toEqual(undisturbed);
  });

  it('ends at the same digests where clients learn from rewards on a base in int8, with fewer channels a round', async () => {
    const rewarded = join(folder, 'rewarded.yaml');
    await writeFile(rewarded, REWARDED);
    const expected = digests(await airtune('rewarded', ['run', rewarded, '--json']));
    expect(new Set(expected.slice(-2)).size).toBe(2);
    const at = (line: RegExp) => (text: string) => Promise.resolve(line.test(text));
    const moments = [
      at(/"progress","round":1,.*"training":[12]/),
      at(/"progress","round":2,.*"sending":1/),
      (text: string, home: string) =>
        text.includes('"progress","round":3') ? tunesForItself(join(folder, home)) : Promise.resolve(false),
    ];
    for (const [number, hasCome] of moments.entries()) {
      const home = `rewarded-${number}`;
      const killed = await airtune(home, ['run', rewarded, '--json'], (text, kill) => {
        void hasCome(text, home).then((come) => {
          if (come) kill('SIGKILL');
        });
      });
      expect(killed.code).toBeNull();
      expect(digests(await airtune(home, ['resume', '--json']))).toEqual(expected);
    }
  }, 240_000);

  it('ends cleanly on Ctrl-C, says how to go on, and goes on', async () => {
    let isAsked = false;
    const stopped = await airtune('ctrl-c', ['run', spec, '--json'], (text, kill) => {
      // Once: a second signal ends the process where it stands.
      if (!isAsked && text.includes('"progress","round":2')) {
        isAsked = true;
        kill('SIGINT');
      }
    });
    expect(stopped.code).toBe(130);
    const [, experiment] = /airtune resume (cut-[0-9a-f]+)/.exec(stopped.stderr) ?? [];
    expect(experiment).toBeDefined();
    expect((await airtune('ctrl-c', ['list'])).stdout).toMatch(new RegExp(`${experiment!} +pftt +interrupted`));
    const resumed = await airtune('ctrl-c', ['resume', experiment!, '--json']);
    expect(digests(resumed)).toEqual(undisturbed);
    expect(await airtune('ctrl-c', ['resume'])).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/there is no unfinished experiment/),
    });
  });

  it('stops when nobody reads any more, says how to go on, and goes on', async () => {
    const stopped = await airtune('closed', ['run', spec, '--json'], (text, _kill, close) => {
      if (text.includes('"progress","round":1')) close();
    });
    expect(stopped).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/^Stopped\. Go on with: airtune resume cut-/),
    });
    expect(digests(await airtune('closed', ['resume', '--json']))).toEqual(undisturbed);
  });

  it('exports a model that predicts by itself', async () => {
    const listed = await airtune('whole', ['list', '--json']);
    const { experiment } = JSON.parse(listed.stdout.split('\n')[0] ?? '{}') as { experiment: string };
    const out = join(folder, 'model');
    const exported = await airtune('whole', ['export', experiment, '--client', 'client-0', '--out', out]);
    expect(exported).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/adapter_model\.safetensors[\s\S]*model\.onnx/),
    });
    expect(exported.stdout).toMatch(/model\.onnx computes its base in fp32, as it was evaluated: \d/);
    const { label, probabilities } = await predicted(out);
    expect(Object.keys(probabilities)).toEqual(['animal', 'food', 'person']);
    expect(Object.values(probabilities).reduce((sum, one) => sum + one, 0)).toBeCloseTo(1, 5);
    expect(probabilities[label]).toBe(Math.max(...Object.values(probabilities)));

    const options = ['--client', 'client-0', '--out', out, '--force', '--precision', 'int8'];
    const inInt8 = await airtune('whole', ['export', experiment, ...options]);
    expect(inInt8).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/base in int8.*, where it was trained and evaluated in fp32: .* in fp32 about 7\./),
    });
    const { probabilities: near } = await predicted(out);
    expect(Object.values(near)).not.toEqual(Object.values(probabilities));
    expect(Object.values(near)).toBeAllClose(Object.values(probabilities), { relative: 0, absolute: 0.1 });

    const asEvaluated = await airtune('whole', ['export', experiment, '--client', 'client-1', '--out', `${out}-int8`]);
    expect(asEvaluated).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/base in int8.*, as it was evaluated: .* in fp32 about 7\./),
    });
  });

  async function predicted(model: string) {
    // Nothing is left there, neither a model nor what ONNX Runtime would keep to tell its maker.
    const temporary = await mkdtemp(join(folder, 'temporary-'));
    const { stdout } = await airtune(
      'elsewhere',
      ['predict', model, 'a large feline of the forest', '--json'],
      undefined,
      { TMPDIR: temporary, ORT_DISABLE_TELEMETRY: undefined },
    );
    expect(readdirSync(temporary)).toEqual([]);
    return JSON.parse(stdout) as { label: string; probabilities: Record<string, number> };
  }
});

describe('a run whose data is wrong', () => {
  it('says file, line and cure, and goes on once that is mended', async () => {
    const train = join(folder, 'train.csv');
    const own = join(folder, 'own.yaml');
    const data = 'data: { source: csv, train: train.csv, text: [subject, body], label: queue }';
    await writeFile(own, SPEC.replace(/data: .*/, data).replace('rounds: 3', 'rounds: 1'));
    const rows = Array.from({ length: 120 }, (_, i) =>
      i % 2 === 0 ? `bill ${i},the invoice of month ${i} is wrong,money` : `login ${i},password ${i} is refused,access`,
    );
    await writeFile(train, `subject,body,queue\n${rows.join('\n')}\nonly one cell\n`);
    const failed = await airtune('own-data', ['run', own, '--json']);
    expect(failed).toMatchObject({ code: 2, stderr: expect.stringMatching(/train\.csv, line 122: 1 columns/) });
    await writeFile(train, `subject,body,queue\n${rows.join('\n')}\n`);
    const [listed = ''] = (await airtune('own-data', ['list', '--json'])).stdout.split('\n');
    const { experiment, state } = JSON.parse(listed) as { experiment: string; state: string };
    expect(state).toBe('failed');
    const resumed = await airtune('own-data', ['resume', experiment, '--json']);
    expect(resumed).toMatchObject({ code: 0, stdout: expect.stringContaining('"event":"experiment.finished"') });
  });
});

describe('settings', () => {
  it.each([
    [{ DATABASE_URL: 'postgres://[half' }, 2, /DATABASE_URL: is not a URL; it looks like postgres:/],
    [{ DATABASE_URL: 'mysql://somewhere/x' }, 2, /DATABASE_URL: must begin with postgres:/],
    [{ AIRTUNE_THREADS: 'many' }, 2, /AIRTUNE_THREADS: must be a number/],
    [{ AIRTUNE_HOME: resolve(import.meta.dirname, '../package.json') }, 3, /package\.json cannot be a folder/],
  ])('%j end with %d and name the variable', async (variables, code, message) => {
    const outcome = await airtune('settings', ['list'], undefined, variables);
    expect(outcome).toMatchObject({ code, stdout: '', stderr: expect.stringMatching(message) });
  });

  it('that are empty count as not set', async () => {
    const variables = { DATABASE_URL: '', AIRTUNE_THREADS: '' };
    expect(await airtune('whole', ['list', '--json'], undefined, variables)).toMatchObject({ code: 0, stderr: '' });
  });
});

describe('bad input', () => {
  it.each([
    [['run', 'nowhere.yaml'], 2, /nowhere\.yaml: there is no such file/],
    [['run'], 2, /missing required argument 'spec'/],
    [['fly'], 2, /unknown command 'fly'/],
    [['show', 'nothing-here'], 2, /There is no experiment "nothing-here"/],
    [['predict', 'nowhere', 'text'], 2, /nowhere/],
    [['export', 'x', '--client', 'c', '--out', 'y', '--precision', 'int4'], 2, /'int4' is invalid.*are int8, fp32/],
    [['reward', 'register', 'http://127.0.0.1:5000/get'], 2, /Write a reward\.json there.*"url": "http:.*5000\/get"/],
    [['reward', 'register', 'nobody'], 2, /nobody: .*it announces itself as it starts/],
    [['reward', 'register', './nobody'], 2, /nobody: there is no such folder or file/],
    [['reward', 'retire', 'nobody'], 2, /There is no reward model nobody/],
  ])('%j ends with %d and names the cause', async (args, code, message) => {
    const outcome = await airtune('whole', args);
    expect(outcome).toMatchObject({ code, stderr: expect.stringMatching(message) });
    expect(outcome.stderr).not.toMatch(/\n\s+at /);
  });

  it('such as a reward model that runs nowhere ends with 2, before anybody waits for it', async () => {
    const awaiting = join(folder, 'awaiting.yaml');
    await writeFile(awaiting, REWARDED.replace(/rewards: .*/, 'rewards: { whenAway: wait, kind: { model: nobody } }'));
    const outcome = await airtune('whole', ['run', awaiting]);
    expect(outcome).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/nobody runs nowhere in this process\. Register its folder or module/),
    });
  });
});
