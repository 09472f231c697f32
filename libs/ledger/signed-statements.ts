/** What a site says of itself and of one of its clients when it enrols it; the record keeps each of these fields. */
export interface Enrolment {
  readonly experiment: string;
  readonly site: string;
  readonly client: string;
  readonly publicKey: string;
  readonly baseDigest: string;
  /** What the site computes the base in. */
  readonly basePrecision: string;
  readonly dataDigest: string;
  readonly deviceClass: string;
  readonly examples: { readonly train: number; readonly personalTest: number; readonly generalTest: number };
  readonly parameters: { readonly shared: number; readonly personal: number };
  readonly labels: readonly string[];
  readonly labelHistogram?: readonly number[] | undefined;
  readonly majorityClass: number;
}

/** What an enrolment's signature is over. */
export function enrolmentStatement(enrolment: Enrolment): Readonly<Record<string, unknown>> {
  const { experiment, site, client, publicKey, baseDigest, basePrecision, dataDigest, deviceClass } = enrolment;
  const { examples, parameters, labels, labelHistogram, majorityClass } = enrolment;
  return {
    ...{ experiment, site, client, publicKey, baseDigest, dataDigest, deviceClass, labels, majorityClass },
    // Sites signed no precision while there was only fp32.
    ...(basePrecision === 'fp32' ? {} : { basePrecision }),
    examples: { train: examples.train, personalTest: examples.personalTest, generalTest: examples.generalTest },
    parameters: { shared: parameters.shared, personal: parameters.personal },
    labelHistogram: labelHistogram ?? null,
  };
}

/** Why a site cannot take part in an experiment. */
export interface SignedRefusal {
  readonly experiment: string;
  readonly site: string;
  readonly code: string;
  readonly message: string;
  readonly publicKey: string;
}

/** What a refusal's signature is over. */
export function refusalStatement(refusal: SignedRefusal): Readonly<Record<string, unknown>> {
  const { experiment, site, code, message, publicKey } = refusal;
  return { experiment, site, code, message, publicKey };
}

/** A client's upload: `base` is the global model that it started from, `blob` its bytes' digest, `head` the ledger as its site saw it. */
export interface SignedContribution {
  readonly experiment: string;
  readonly round: number;
  readonly client: string;
  readonly base: string;
  readonly blob: string;
  readonly examples: number;
  readonly head: string | null;
}

/** What a contribution's signature is over. */
export function contributionStatement(contribution: SignedContribution): Readonly<Record<string, unknown>> {
  const { experiment, round, client, base, blob, examples, head } = contribution;
  return { experiment, round, client, base, blob, examples, head };
}
