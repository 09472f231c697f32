import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';

import { Session } from '#autograd';

import { tunedManifest } from '../decoder/decoder-tensors.ts';
import { loadDecoder } from '../decoder/load-decoder.ts';
import { readFixture, TINY } from '../decoder/read-fixture.ts';
import { loadTokenizer, tokenizerFromJson } from '../tokenizers/load-tokenizer.ts';
import type { TokenizerJson } from '../tokenizers/tokenizer-json.ts';
import { openExported } from './open-exported.ts';
import { exportDecoder, type PersonalisedDecoder } from './export-decoder.ts';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'airtune-export-decoder-'));
});
afterAll(async () => {
  await rm(folder, { recursive: true });
});

/** 29 tokens, as the fixture's model has. */
function tinyTokenizer() {
  const letters = Array.from({ length: 28 }, (_, i) => String.fromCodePoint(0x61 + i));
  const vocab = Object.fromEntries(['<|endoftext|>', ...letters].map((token, id) => [token, id]));
  const byteLevel = { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: true };
  const end = { id: 0, content: '<|endoftext|>', single_word: false, lstrip: false, rstrip: false };
  const json: TokenizerJson = {
    added_tokens: [{ ...end, normalized: false, special: true }],
    normalizer: null,
    pre_tokenizer: byteLevel,
    post_processor: null,
    decoder: byteLevel,
    model: { type: 'BPE', vocab, merges: [] },
  };
  return tokenizerFromJson(json);
}

async function personalised(): Promise<PersonalisedDecoder> {
  const base = await loadDecoder(TINY);
  const tensors = tunedManifest(base.config, 1).map(({ name, shape }) => {
    const data = base.tensors.get(name)!.data.map((x) => 1.5 * x);
    return [name, { shape, data }] as const;
  });
  const baseDigest = `sha256:${'0'.repeat(64)}` as const;
  const of = { experiment: 'pfit-1', client: 'client-0', trainableBlocks: 1, attentionSparsity: 0 };
  return { ...of, base, baseDigest, tokenizer: tinyTokenizer(), tensors: new Map(tensors) };
}

describe('the export of a personalised decoder', () => {
  it('is a folder that loads as a decoder with the tuned blocks, its tokenizer and a graph that says the same', async () => {
    const model = await personalised();
    const dir = join(folder, 'out');
    const files = await exportDecoder(dir, model);
    expect(files).toEqual([
      'airtune.json',
      'config.json',
      'model.onnx',
      'model.safetensors',
      'tokenizer.json',
      'tokenizer_config.json',
    ]);
    const loaded = await loadDecoder(dir);
    expect(loaded.tensors).toEqual(new Map([...model.base.tensors, ...model.tensors]));
    expect((await loadTokenizer(dir)).encodeRaw('abc')).toEqual([1, 2, 3]);
    await expect(openExported(dir)).rejects.toMatchObject({
      code: 'export.not-a-classifier',
      message: expect.stringContaining('airtune generate'),
    });
  });

  it("gives transformers' logits where nothing was tuned, from the ONNX file alone", async () => {
    const model = await personalised();
    const dir = join(folder, 'plain');
    await exportDecoder(dir, { ...model, tensors: model.base.tensors });
    const { prompts, logits } = await readFixture(TINY);
    const bytes = await readFile(join(dir, 'model.onnx'));
    const session = await Session.open({ bytes, weights: [], nodes: [] });
    for (const [i, prompt] of prompts.entries()) {
      const shape = [1, prompt.length];
      const found = await session.run({
        input_ids: { type: 'int64', shape, data: BigInt64Array.from(prompt, BigInt) },
        attention_mask: { type: 'int64', shape, data: BigInt64Array.from(prompt, () => 1n) },
      });
      expect(found['logits']!.shape).toEqual([...shape, 29]);
      expect(found['logits']!.data as Float32Array).toBeAllClose(logits[i]!.flat(), { relative: 1e-4, absolute: 2e-5 });
    }
    await session.close();
  });

  it('refuses tensors that are not there, and a folder that holds something else', async () => {
    const model = await personalised();
    const [first] = model.tensors.keys();
    const tensors = new Map([...model.tensors].filter(([name]) => name !== first));
    const broken = exportDecoder(join(folder, 'broken'), { ...model, tensors });
    await expect(broken).rejects.toMatchObject({ code: 'export.tensors', message: expect.stringContaining(first!) });
    await expect(exportDecoder(TINY, model)).rejects.toMatchObject({ code: 'export.folder-not-empty' });
  });
});
