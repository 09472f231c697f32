import type { ClientData } from '#datasets';
import type { Digest } from '#parameters';
import type { ClientState } from './client-state.ts';

/** A client that this site hosts. Its tensors stay on disk: this is what does not change from round to round. */
export interface HostedClient {
  readonly name: string;
  readonly data: ClientData;
  readonly dataDigest: Digest;
  readonly deviceClass: string;
  readonly state: ClientState;
}
