import { expect, it } from '@jest/globals';
import { digestOf } from '#parameters';
import { clientNames } from './client-names.ts';
import { judgeEnrolment, type Enrolment } from './judge-enrolment.ts';
import { nextRound } from './next-round.ts';

const base = digestOf(new Uint8Array([1]));
const other = digestOf(new Uint8Array([2]));
const expected = { clients: new Set(clientNames({ count: 2 })), baseDigest: base, basePrecision: 'fp32' } as const;
const enrolment: Enrolment = {
  client: 'client-1',
  site: 'site-a',
  publicKey: 'k',
  baseDigest: base,
  basePrecision: 'fp32',
  dataDigest: base,
};

it('lets a site enrol a client once, and again', () => {
  expect(judgeEnrolment(enrolment, expected, undefined).kind).toBe('accepted');
  expect(judgeEnrolment(enrolment, expected, enrolment).kind).toBe('repeated');
});

it('takes int8 in 7 bits where int8 was asked for, and no other precision from a client that has enrolled', () => {
  const asked = { ...expected, basePrecision: 'int8' as const };
  const [eight, seven] = (['int8', 'int8-7-bit'] as const).map((basePrecision) => ({ ...enrolment, basePrecision }));
  expect([eight!, seven!].map((one) => judgeEnrolment(one, asked, undefined).kind)).toEqual(['accepted', 'accepted']);
  expect(judgeEnrolment(eight!, asked, seven)).toMatchObject({ code: 'enrolment.precision-changed' });
  expect(judgeEnrolment(enrolment, asked, undefined)).toMatchObject({ code: 'enrolment.wrong-precision' });
});

it.each<[string, Partial<Enrolment>]>([
  ['enrolment.other-key', { publicKey: 'other' }],
  ['enrolment.unknown-client', { client: 'client-2' }],
  ['enrolment.wrong-base', { baseDigest: other }],
  ['enrolment.wrong-precision', { basePrecision: 'int8' }],
  ['enrolment.two-sites', { site: 'site-b' }],
  ['enrolment.data-changed', { dataDigest: other }],
])('refuses an enrolment as %s', (code, changes) => {
  expect(judgeEnrolment({ ...enrolment, ...changes }, expected, enrolment)).toMatchObject({ kind: 'refused', code });
});

it('names simulated clients by number, others as the spec does', () => {
  expect(clientNames({ count: 2 })).toEqual(['client-0', 'client-1']);
  expect(clientNames({ names: ['ward', 'desk'] })).toEqual(['ward', 'desk']);
});

it('plans every round of training, then one for evaluation, then none', () => {
  expect(nextRound(0, 2)).toEqual({ number: 1, purpose: 'training' });
  expect(nextRound(1, 2)).toEqual({ number: 2, purpose: 'training' });
  expect(nextRound(2, 2)).toEqual({ number: 3, purpose: 'evaluation' });
  expect(nextRound(3, 2)).toBeUndefined();
});
