import { byCodeUnit } from '#parameters';

export interface CohortMember {
  readonly client: string;
  readonly site: string;
}

/** What a base station knows of a link: mean Es/N0 in dB and ergodic rate in b/s/Hz, each direction. */
export interface LinkMeasurement {
  readonly client: string;
  readonly meanSnrDb: { readonly uplink: number; readonly downlink: number };
  readonly ergodicBitsPerSecondPerHz: { readonly uplink: number; readonly downlink: number };
}

/** Who takes part in a round: every candidate whose link was measured, ascending by name. */
export function selectCohort(
  candidates: readonly CohortMember[],
  links: readonly LinkMeasurement[],
): readonly CohortMember[] {
  const measured = new Set(links.map(({ client }) => client));
  return candidates
    .filter(({ client }) => measured.has(client))
    .sort((left, right) => byCodeUnit(left.client, right.client));
}
