import type { ClientProfileSpec } from '#contracts';
import type { ClientData } from '#datasets';
import type { BasePrecision } from '#language-models';
import type { Digest } from '#parameters';
import type { ClientState } from './client-state.ts';

/** A client that this site hosts, as it tunes by one version of its profile. Its tensors stay on disk. */
export interface HostedClient {
  readonly name: string;
  readonly data: ClientData;
  readonly dataDigest: Digest;
  readonly deviceClass: string;
  /** What its base is computed in. */
  readonly precision: BasePrecision;
  readonly state: ClientState;
  readonly profile: ClientProfileSpec;
  readonly profileVersion: number;
}
