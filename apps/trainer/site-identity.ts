import type { Signer } from '#ledger';
import { openSigningKey } from '#storage';
import { openDigestKey } from './digest-key.ts';
import { siteFolder } from './site-folders.ts';

/** Who a site is to others: the key that signs what it says. It stays on the site's disk, readable by its user alone. */
export class SiteIdentity {
  readonly signer: Signer;
  /** Blinds digests of the clients' data. */
  readonly digestKey: Uint8Array;

  private constructor(signer: Signer, digestKey: Uint8Array) {
    this.signer = signer;
    this.digestKey = digestKey;
  }

  /** Opens the site's keys, made at its first start. Throws `storage.key-exposed` or `storage.key-unreadable`. */
  static async open(home: string, site: string): Promise<SiteIdentity> {
    return new SiteIdentity(await openSigningKey(siteFolder(home, site)), await openDigestKey(home, site));
  }
}
