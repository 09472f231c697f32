import { z } from 'zod';
import { defineContract } from '../contract.ts';
import { clientName, digest, publicKey, signature, siteName } from '../vocabulary.ts';

const counts = z.int().min(0);

/**
 * A site hosts this client, and signs that it does. Counts leave the site; the label histogram only in simulation, or where
 * the site's operator opted in.
 */
export const clientEnrolled = defineContract({
  name: 'client.enrolled',
  version: 1,
  statedBy: 'trainer',
  routes: [{ topic: 'coordinator' }],
  schema: z.strictObject({
    site: siteName,
    client: clientName,
    baseDigest: digest,
    /** What the site computes the base in; `int8-7-bit` where its processor's sums of 8-bit products saturate. */
    basePrecision: z.enum(['fp32', 'int8', 'int8-7-bit']).default('fp32'),
    dataDigest: digest,
    deviceClass: z.string().max(64),
    examples: z.strictObject({ train: z.int().min(1), personalTest: z.int().min(1), generalTest: counts }),
    parameters: z.strictObject({ shared: counts, personal: counts }),
    labels: z.array(z.string().max(256)).max(10_000),
    labelHistogram: z.array(counts).max(10_000).optional(),
    /** Accuracy on the personal test set of always answering the client's most frequent training label. */
    majorityClass: z.number().min(0).max(1),
    /** What its user should know of the site's data, in sentences. */
    notes: z.array(z.string().max(400)).max(10).default([]),
    /** The site's, and its signature of `enrolmentStatement`. */
    publicKey,
    signature,
  }),
});

/** A site cannot take part, for a reason that its user can mend; it signs that, for it ends an experiment. */
export const enrolmentRefused = defineContract({
  name: 'enrolment.refused',
  version: 1,
  statedBy: 'trainer',
  routes: [{ topic: 'coordinator' }],
  schema: z.strictObject({
    site: siteName,
    code: z.string().max(100),
    message: z.string().max(4000),
    /** The site's, and its signature of `refusalStatement`. */
    publicKey,
    signature,
  }),
});
