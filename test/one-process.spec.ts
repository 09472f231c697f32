import 'reflect-metadata';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { probeInt8 } from '#autograd';
import type { Envelope } from '#contracts';
import { decodeSafetensors } from '#parameters';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { digestsOf, Laboratory, smallSpec } from './whole-run.ts';

let laboratory: Laboratory;

beforeAll(async () => {
  laboratory = await Laboratory.open();
});

afterAll(async () => {
  await laboratory.close();
});

describe('a whole run in one process', () => {
  it('trains every client, costs airtime, and records both', async () => {
    const closing = await laboratory.run(smallSpec({ baselines: ['local-only'] }));
    expect(closing.clients.map(({ client }) => client)).toEqual(['client-0', 'client-1', 'client-2', 'client-3']);
    const { mean, first } = closing.metrics.personalAccuracy;
    expect(mean!).toBeGreaterThan(first!);
    expect(closing.cost.airtimeMs).toBeGreaterThan(0);
    // Adapters of width 8 in 4 blocks of 128: 4 × (2 × 128 × 8 + 8 + 128) floats, three uploads each, in files with a header.
    expect(closing.cost.uplinkBytes).toBeGreaterThan(12 * 4 * (4 * (2 * 128 * 8 + 8 + 128)));
    expect(closing.clients.every(({ localOnly }) => localOnly !== null && localOnly >= 0 && localOnly <= 1)).toBe(true);
  });

  it('ends, and says who was not measured, when rounds are shorter than training takes', async () => {
    const training = { ...smallSpec().training, steps: 400, batchSize: 64 };
    const closing = await laboratory.run(smallSpec({ rounds: 1, training, round: { timeoutMs: 1000 } }));
    expect(closing.clients).toHaveLength(4);
    expect(closing.clients.some(({ personalAccuracy }) => personalAccuracy === null)).toBe(true);
  });

  it('comes to the same digests again, and with two workers', async () => {
    const once = digestsOf(await laboratory.run(smallSpec()));
    const again = digestsOf(await laboratory.run(smallSpec()));
    const training = { ...smallSpec().training, parallel: 2 };
    const parallel = digestsOf(await laboratory.run(smallSpec({ training })));
    const otherSeed = digestsOf(await laboratory.run(smallSpec({ seed: 4 })));
    expect(again).toEqual(once);
    expect(parallel).toEqual(once);
    expect(otherSeed.filter((digest) => once.includes(digest))).toEqual([]);
  });

  it('comes to the same digests again on a base in int8, to others than in fp32, with each client in its own precision', async () => {
    const base = { precision: 'int8' as const };
    // The last client's budget leaves no room for copies of the base's 0.88 MB.
    const lean = { precision: 'int8', memoryBudgetMegabytes: 1 };
    const profiles = { 'client-1': { base: { precision: 'fp32' } }, 'client-3': { base: lean } };
    const [mixed, again] = [
      await laboratory.run(smallSpec({ base, profiles })),
      await laboratory.run(smallSpec({ base, profiles })),
    ];
    expect(digestsOf(again)).toEqual(digestsOf(mixed));
    const int8 = (await probeInt8()) === 127 ? 'int8' : 'int8-7-bit';
    expect(mixed.clients.map(({ basePrecision }) => basePrecision)).toEqual([int8, 'fp32', int8, int8]);
    const fp32 = digestsOf(await laboratory.run(smallSpec({ profiles: {} })));
    expect(fp32.filter((digest) => digestsOf(mixed).includes(digest))).toEqual([]);
    const wide = { ...profiles, 'client-3': { base: { ...lean, memoryBudgetMegabytes: 2 } } };
    expect((await laboratory.run(smallSpec({ base, profiles: wide }))).globalDigest).not.toBe(mixed.globalDigest);
  });

  it('is a baseline for itself: nothing of local-only changes the federated models', async () => {
    const alone = digestsOf(await laboratory.run(smallSpec()));
    expect(digestsOf(await laboratory.run(smallSpec({ baselines: ['local-only'] })))).toEqual(alone);
  });

  it('comes to another global model and another general accuracy when nothing is averaged', async () => {
    const training = { steps: 10, batchSize: 8, learningRate: 2e-2, maxTokens: 32 };
    const averaged = await laboratory.run(smallSpec({ training }));
    const separate = await laboratory.run(smallSpec({ training, aggregation: { rule: 'none' } }));
    expect(separate.globalDigest).not.toBe(averaged.globalDigest);
    expect(separate.metrics.generalAccuracy.mean).not.toBe(averaged.metrics.generalAccuracy.mean);
  });

  it('loses what the link loses, abandons rounds without uploads, and still ends', async () => {
    // A dead link: no bit is through before the deadline.
    const link = { meanSnrDb: -40, bandwidthHz: 1000, deadlineMs: 100 };
    const facts: Envelope[] = [];
    const closing = await laboratory.run(smallSpec({ link, rounds: 2 }), (envelope) => facts.push(envelope));
    expect(closing.lost).toEqual({ uplink: 0, downlink: 12 });
    expect(facts.filter(({ type }) => type === 'round.abandoned')).toHaveLength(2);
    expect(closing.metrics.personalAccuracy.mean).toBe(closing.metrics.personalAccuracy.first);
  });
});

describe('what leaves a client', () => {
  it('is adapters and counts: no LoRA, head or text in any fact, nor in any blob outside its site', async () => {
    const facts: Envelope[] = [];
    await laboratory.run(smallSpec({ name: 'secret' }), (envelope) => facts.push(envelope));
    const said = facts.map((fact) => JSON.stringify(fact)).join('\n');
    expect(facts.length).toBeGreaterThan(50);
    expect(said).not.toMatch(/lora\.\d|head\.(dense|output)/);
    const tensors = await tensorNames(
      ['coordinator', 'channel'].map((service) => join(laboratory.home, service, 'blobs')),
    );
    expect(tensors.size).toBeGreaterThan(0);
    expect([...tensors].filter((name) => !/^adapter\.\d+\.(down|up)\.(weight|bias)$/.test(name))).toEqual([]);
    const personal = await tensorNames([join(laboratory.home, 'sites', 'local')]);
    expect([...personal].some((name) => name.startsWith('lora.'))).toBe(true);
  });
});

/** By a blob of so many random bytes, coordinators know that they share a store. */
const STORE_MARKER_BYTES = 32;

async function tensorNames(folders: readonly string[]): Promise<Set<string>> {
  const names = new Set<string>();
  for (const folder of folders) {
    for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
      if (!entry.isFile() || !/^[0-9a-f]{64}$|\.safetensors$/.test(entry.name)) continue;
      const bytes = await readFile(join(entry.parentPath, entry.name));
      if (bytes.length === STORE_MARKER_BYTES) continue;
      for (const name of decodeSafetensors(bytes).keys()) names.add(name);
    }
  }
  return names;
}
