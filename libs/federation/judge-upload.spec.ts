import { describe, expect, it } from '@jest/globals';
import { digestOf, encodeSafetensors, type Digest, type NamedTensors } from '#parameters';
import { judgeBytes, judgeClaim, type UploadClaim } from './judge-upload.ts';
import { Round } from './round.ts';

const cohort = [{ client: 'client-0', site: 'site-a' }];
const global: Digest = `sha256:${'0'.repeat(64)}`;
const manifest = [{ name: 'adapter.0.up.bias', shape: [2] }];
const expected = { global, examples: 50 };

function round(): Round {
  const open = new Round({ number: 3, purpose: 'training', candidates: cohort, arms: [], minContributions: 1 });
  open.apply({ kind: 'opened', cohort });
  return open;
}

function file(data: number[] = [1, 2], name = 'adapter.0.up.bias', extra: NamedTensors = new Map()): Uint8Array {
  return encodeSafetensors(new Map([[name, { shape: [data.length], data: new Float32Array(data) }], ...extra]));
}

function codeOf(bytes: Uint8Array, changes: Partial<UploadClaim> = {}, open = round()): string {
  const claim = {
    round: 3,
    client: 'client-0',
    digest: digestOf(bytes),
    bytes: bytes.length,
    examples: 50,
    answers: global,
  };
  const said = { ...claim, ...changes };
  return (judgeClaim(open, expected, said) ?? judgeBytes(manifest, said, bytes))?.code ?? 'accepted';
}

describe('an upload', () => {
  it('is accepted when all is in order', () => {
    expect(codeOf(file())).toBe('accepted');
  });

  it.each<[string, Partial<UploadClaim>]>([
    ['wrong-round', { round: 4 }],
    ['finished-round', { round: 2 }],
    ['not-in-cohort', { client: 'client-1' }],
    ['wrong-examples', { examples: 5000 }],
    ['wrong-base', { answers: digestOf(new Uint8Array()) }],
    ['wrong-size', { bytes: 1 }],
    ['wrong-digest', { digest: global }],
  ])('is refused as %s', (code, changes) => {
    expect(codeOf(file(), changes)).toBe(code);
  });

  it.each<[string, Uint8Array]>([
    [
      'foreign-tensor',
      file([1, 2], undefined, new Map([['lora.0.query.a', { shape: [1], data: new Float32Array(1) }]])),
    ],
    ['foreign-tensor', file([1, 2], 'adapter.9.up.bias')],
    ['missing-tensor', encodeSafetensors(new Map())],
    ['misshapen-tensor', file([1, 2, 3])],
    ['non-finite-tensor', file([1, NaN])],
    ['non-finite-tensor', file([-Infinity, 1])],
    ['malformed', new Uint8Array([1, 2, 3])],
  ])('is refused as %s for what the bytes hold', (code, bytes) => {
    expect(codeOf(bytes)).toBe(code);
  });

  it('is refused as a double, and after the round has closed', () => {
    const open = round();
    const twoMembers = new Round({ ...open.plan, candidates: [...cohort, { client: 'client-1', site: 'site-a' }] });
    twoMembers.apply({ kind: 'opened', cohort: twoMembers.plan.candidates });
    twoMembers.apply({ kind: 'answered', client: 'client-0', answer: 'contributed' });
    expect(codeOf(file(), {}, twoMembers)).toBe('double');
    open.apply({ kind: 'timed-out' });
    expect(codeOf(file(), {}, open)).toBe('finished-round');
  });

  it('is refused in a round for evaluation', () => {
    const evaluation = new Round({ ...round().plan, purpose: 'evaluation' });
    evaluation.apply({ kind: 'opened', cohort });
    expect(codeOf(file(), {}, evaluation)).toBe('wrong-round');
  });
});
