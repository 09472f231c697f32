import type { ParameterGroup } from './parameter-groups.ts';

/** Which network a method tunes: an encoder that classifies, or a decoder that writes. */
export type BaseArchitecture = 'encoder' | 'decoder';

/** Who holds a trained group after a round: everybody the average, or each client its own. */
export type Ownership = 'shared' | 'personal';

/** How a client tunes between download and upload. */
export type Learner = 'supervised' | 'ppo';

/** How the coordinator makes one set of shared tensors of many. */
export type AggregationRuleName = 'federated-averaging' | 'none';

/**
 * A federated tuning method. What `parameters` names is trained, everything else of the base is frozen; shared groups
 * cross the air and are aggregated, personal ones never leave their client.
 */
export interface Method {
  /** The name in a spec. */
  readonly name: string;
  /** One line for people. */
  readonly summary: string;
  readonly base: BaseArchitecture;
  readonly parameters: Readonly<Partial<Record<ParameterGroup, Ownership>>>;
  readonly learner: Learner;
  readonly aggregation: AggregationRuleName;
  /** Whether tuned blocks may be sparse: queries that leave out keys, rounds that leave out channels. */
  readonly sparse?: boolean;
}
