import type { ClientProfileSpec } from '#contracts';
import type { ClientData } from '#datasets';
import type { Digest } from '#parameters';
import type { ClientState } from './client-state.ts';

/** A client that this site hosts, as it tunes by one version of its profile. Its tensors stay on disk. */
export interface HostedClient {
  readonly name: string;
  readonly data: ClientData;
  readonly dataDigest: Digest;
  readonly deviceClass: string;
  readonly state: ClientState;
  readonly profile: ClientProfileSpec;
  readonly profileVersion: number;
}
