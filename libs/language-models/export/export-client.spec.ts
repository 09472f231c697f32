import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';

import { Session, type Feed } from '#autograd';
import { decodeSafetensors, type NamedTensors, type Tensor } from '#parameters';
import { randomStream } from '#randomness';

import { digestCheckpoint } from '../checkpoints/digest-checkpoint.ts';
import { loadEncoder } from '../checkpoints/load-encoder.ts';
import { buildClassifierStep } from '../encoder/build-classifier-step.ts';
import { adapterManifest } from '../personalisation/adapters.ts';
import { headManifest } from '../personalisation/head.ts';
import { loraManifest } from '../personalisation/lora.ts';
import { loadTokenizer, tokenizerFromJson } from '../tokenizers/load-tokenizer.ts';
import { exportClient } from './export-client.ts';
import { openExported } from './open-exported.ts';
import type { PersonalisedModel } from './personalised-model.ts';

const fixtures = join(import.meta.dirname, '../fixtures');
const base = join(fixtures, 'checkpoints/tiny-bert');
const labels = ['world', 'sport', 'trade'];
const texts = ['the channel', 'fading comes and goes and comes again', '', 'a'];

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'airtune-export-'));
});
afterAll(async () => {
  await rm(folder, { recursive: true });
});

/** The tiny encoder has 60 words: the small word-piece vocabulary is cut to those. */
async function smallTokenizer() {
  const { tokenizer } = (await loadTokenizer(join(fixtures, 'tokenizers/word-piece'))).files;
  const vocab = Object.fromEntries(Object.entries(tokenizer.model.vocab).filter(([, id]) => (id as number) < 60));
  return tokenizerFromJson({ ...tokenizer, model: { ...tokenizer.model, vocab } });
}

/** A client whose every tensor is far from its start, with LoRA in the upper block only. */
async function personalised(): Promise<PersonalisedModel> {
  const encoder = await loadEncoder(base);
  const stream = randomStream(1, 'export-test');
  const tensors = new Map<string, Tensor>();
  const manifest = [
    ...adapterManifest(encoder.config, 6),
    ...loraManifest(encoder.config, { rank: 4, blocks: [1] }),
    ...headManifest(encoder.config, labels.length),
  ];
  for (const { name, shape } of manifest) {
    const length = shape.reduce((product, size) => product * size, 1);
    tensors.set(name, { shape, data: Float32Array.from({ length }, () => 0.3 * stream.normal()) });
  }
  return {
    experiment: 'tiny',
    client: 'client-1',
    base: encoder,
    baseDigest: await digestCheckpoint(base),
    tokenizer: await smallTokenizer(),
    labels,
    maxTokens: 12,
    tensors,
    loraAlpha: 16,
  };
}

/** Softmax of the logits that the training graph gives for one text. */
async function probabilitiesInTraining(model: PersonalisedModel, text: string): Promise<number[]> {
  const step = buildClassifierStep(model.base, { adapters: true, loraBlocks: [1], labels: labels.length });
  const session = await Session.open(step.model);
  const ids = model.tokenizer.encode(text, model.maxTokens);
  const row = (values: readonly number[]): Feed => ({
    type: 'int64',
    shape: [1, values.length],
    data: BigInt64Array.from(values, BigInt),
  });
  const outputs = await session.run({
    ids: row(ids),
    mask: row(ids.map(() => 1)),
    labels: { type: 'int64', shape: [1], data: BigInt64Array.of(0n) },
    loraScale: { shape: [], data: Float32Array.of(model.loraAlpha / 4) },
    train: { type: 'bool', shape: [], data: Uint8Array.of(0) },
    ...Object.fromEntries(model.tensors),
  });
  await session.close();
  const weights = Array.from(outputs['logits']!.data as Float32Array, Math.exp);
  return weights.map((weight) => weight / weights.reduce((sum, other) => sum + other, 0));
}

describe('an exported client', () => {
  it('says of each text what the training graph says, whatever the batch', async () => {
    const model = await personalised();
    const dir = join(folder, 'whole');
    await exportClient(dir, model);
    const classifier = await openExported(dir);
    const together = await classifier.classify(texts);
    for (const [index, text] of texts.entries()) {
      const expected = await probabilitiesInTraining(model, text);
      expect(together[index]!.probabilities).toBeAllClose(expected, { absolute: 1e-5, relative: 1e-5 });
      expect(together[index]!.label).toBe(labels[expected.indexOf(Math.max(...expected))]);
    }
    const many = await classifier.classify(Array.from({ length: 40 }, (_, i) => texts[i % 4]!));
    expect(many[37]!.probabilities).toBeAllClose(together[1]!.probabilities, { absolute: 1e-5 });
    expect(await classifier.classify([])).toEqual([]);
    await classifier.close();
  });

  it('has its LoRA in the format of PEFT, and the other parts as they were trained', async () => {
    const model = await personalised();
    const dir = join(folder, 'parts');
    expect(await exportClient(dir, model)).toEqual([
      'adapter_config.json',
      'adapter_model.safetensors',
      'adapters.safetensors',
      'airtune.json',
      'head.safetensors',
      'model.onnx',
      'tokenizer.json',
      'tokenizer_config.json',
    ]);
    const read = async (name: string): Promise<NamedTensors> => decodeSafetensors(await readFile(join(dir, name)));
    const lora = await read('adapter_model.safetensors');
    expect([...lora.keys()]).toEqual([
      'base_model.model.bert.encoder.layer.1.attention.self.query.lora_A.weight',
      'base_model.model.bert.encoder.layer.1.attention.self.query.lora_B.weight',
      'base_model.model.bert.encoder.layer.1.attention.self.value.lora_A.weight',
      'base_model.model.bert.encoder.layer.1.attention.self.value.lora_B.weight',
    ]);
    expect([...lora.values()].map(({ shape }) => shape.join())).toEqual(['4,32', '32,4', '4,32', '32,4']);
    expect(JSON.parse(await readFile(join(dir, 'adapter_config.json'), 'utf8'))).toMatchObject({
      peft_type: 'LORA',
      r: 4,
      lora_alpha: 16,
      target_modules: ['query', 'value'],
      layers_to_transform: [1],
    });
    const parts = new Map([...(await read('adapters.safetensors')), ...(await read('head.safetensors'))]);
    for (const [name, tensor] of parts) expect(tensor).toEqual(model.tensors.get(name));
    expect(parts.size).toBe(8 + 4);
  });

  it('may have neither LoRA nor adapters', async () => {
    const model = await personalised();
    const head = new Map([...model.tensors].filter(([name]) => name.startsWith('head.')));
    const dir = join(folder, 'head-only');
    expect(await exportClient(dir, { ...model, tensors: head })).not.toContain('adapter_config.json');
    const classifier = await openExported(dir);
    expect(classifier.description).toMatchObject({ adapters: null, lora: null, labels, client: 'client-1' });
    const [prediction] = await classifier.classify(['the']);
    expect(prediction!.probabilities.reduce((sum, p) => sum + p, 0)).toBeCloseTo(1, 12);
    await classifier.close();
  });
});

describe('a folder that is there already', () => {
  it('is left alone unless it is an earlier export and the user says so', async () => {
    const model = await personalised();
    const dir = join(folder, 'taken');
    await mkdir(dir);
    await exportClient(dir, model);
    await expect(exportClient(dir, model)).rejects.toMatchObject({ code: 'export.folder-not-empty' });
    await exportClient(dir, { ...model, client: 'client-2' }, { overwrite: true });
    const classifier = await openExported(dir);
    expect(classifier.description.client).toBe('client-2');
    await classifier.close();
    const precious = join(folder, 'precious');
    await mkdir(precious);
    await writeFile(join(precious, 'thesis.txt'), 'all of it');
    await expect(exportClient(precious, model, { overwrite: true })).rejects.toThrow(/not empty/);
    expect(await readdir(precious)).toEqual(['thesis.txt']);
  });

  it('is not touched, and nothing is left beside it, when the export fails', async () => {
    const model = await personalised();
    const dir = join(folder, 'failing');
    const misshapen = new Map(model.tensors).set('head.output.bias', { shape: [2], data: new Float32Array(2) });
    await expect(exportClient(dir, { ...model, tensors: misshapen })).rejects.toMatchObject({ code: 'export.tensors' });
    const whole = await loadTokenizer(join(fixtures, 'tokenizers/word-piece'));
    await expect(exportClient(dir, { ...model, tokenizer: whole })).rejects.toThrow(
      /220 tokens, the model's vocab_size is 60/,
    );
    const tokenizer = { ...model.tokenizer, files: { ...model.tokenizer.files, tokenizer: 1n as never } };
    await expect(exportClient(dir, { ...model, tokenizer })).rejects.toThrow();
    expect((await readdir(folder)).filter((name) => name.includes('failing'))).toEqual([]);
  });

  it('is named when it is no export', async () => {
    await expect(openExported(folder)).rejects.toThrow(/airtune\.json is missing/);
    await writeFile(join(folder, 'airtune.json'), '{"format":"other"}');
    await expect(openExported(folder)).rejects.toThrow(/airtune\.json does not describe an exported model: format/);
  });
});
