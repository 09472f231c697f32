import type { Digest } from '#parameters';

export interface Enrolment {
  readonly client: string;
  readonly site: string;
  /** The Ed25519 key of the site, base64url; null for a client that enrolled when sites had none. */
  readonly publicKey: string | null;
  readonly baseDigest: Digest;
  /** fp32, int8, or int8-7-bit. */
  readonly basePrecision: string;
  readonly dataDigest: Digest;
}

export type EnrolmentVerdict =
  | { readonly kind: 'accepted' }
  /** The same client again, from the same site: nothing changes. */
  | { readonly kind: 'repeated' }
  | { readonly kind: 'refused'; readonly code: string; readonly message: string };

/** Whether a site may enrol a client: a known name, the right base model, and nobody else's. */
export function judgeEnrolment(
  enrolment: Enrolment,
  expected: {
    readonly clients: ReadonlySet<string>;
    readonly baseDigest: Digest;
    readonly basePrecision: 'fp32' | 'int8';
  },
  enrolled: Enrolment | undefined,
): EnrolmentVerdict {
  const { client, site, publicKey, baseDigest, basePrecision, dataDigest } = enrolment;
  if (!expected.clients.has(client))
    return refuse('enrolment.unknown-client', `${client} is not a client of this experiment.`);
  if (baseDigest !== expected.baseDigest)
    return refuse(
      'enrolment.wrong-base',
      `${client} at ${site} holds the base model ${baseDigest}, the experiment needs ${expected.baseDigest}.`,
    );
  if ((basePrecision === 'fp32' ? 'fp32' : 'int8') !== expected.basePrecision)
    return refuse(
      'enrolment.wrong-precision',
      `${client} at ${site} computes its base in ${basePrecision}, the experiment asks it for ${expected.basePrecision}.`,
    );
  if (enrolled === undefined) return { kind: 'accepted' };
  if (enrolled.site !== site)
    return refuse(
      'enrolment.two-sites',
      `${client} is claimed by ${enrolled.site} and by ${site}; a client lives at one.`,
    );
  if (enrolled.publicKey !== null && enrolled.publicKey !== publicKey)
    return refuse(
      'enrolment.other-key',
      `${client} at ${site} has enrolled with another key; this one is a stranger's.`,
    );
  if (enrolled.basePrecision !== basePrecision)
    return refuse(
      'enrolment.precision-changed',
      `${client} at ${site} enrolled with a base in ${enrolled.basePrecision}, and now computes in ${basePrecision}.`,
    );
  if (enrolled.dataDigest !== dataDigest)
    return refuse('enrolment.data-changed', `The data of ${client} at ${site} are no longer those it enrolled with.`);
  return { kind: 'repeated' };
}

function refuse(code: string, message: string): EnrolmentVerdict {
  return { kind: 'refused', code, message };
}
