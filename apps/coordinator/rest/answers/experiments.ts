import { baseModel, experimentSpec } from '#contracts';
import { z } from 'zod';
import { named } from '../named-schemas.ts';
import { name, count, time, sha256, accuracy, roundNumber } from './vocabulary.ts';

/** Experiments: what was submitted, and what became of it. */

const state = z.enum(['enrolling', 'running', 'finished', 'failed', 'cancelled']);

export const submitted = named('Submitted', z.strictObject({ experiment: name }));

export const storedBlob = named('StoredBlob', z.strictObject({ digest: sha256, bytes: count }));

export const experimentLine = named(
  'ExperimentLine',
  z.strictObject({
    experiment: name,
    method: z.string(),
    state,
    rounds: count,
    roundsClosed: count,
    clients: count,
    personalAccuracy: accuracy,
    submittedAt: time,
  }),
);

export const experiment = named(
  'Experiment',
  z.strictObject({
    id: name,
    name,
    method: z.string(),
    seed: count,
    rounds: roundNumber,
    spec: experimentSpec,
    base: baseModel,
    state,
    globalDigest: sha256.describe('of the shared tensors as they are now'),
    globalBytes: count,
    failureCode: z.string().nullable(),
    failureMessage: z.string().nullable(),
    revision: count.describe('goes up with every change of rounds and history'),
    enrolmentDueAt: time.nullable(),
    submittedAt: time,
    endedAt: time.nullable(),
  }),
);

export const missingClient = name.describe('a client that the experiment waits for');
