import { checkLink, type Direction, type LinkSettings, meanSnr, meanSnrDb } from './link-settings.ts';
import { chooseRatePolicy } from './choose-rate-policy.ts';

/** What a base station knows of a client before a round: averages, never the fades that are to come. */
export interface LinkMeasurement {
  readonly client: string;
  /** Mean Es/N0. */
  readonly meanSnrDb: Readonly<Record<Direction, number>>;
  /** Bits that arrive per second and Hz in the mean over many fades, under the link's rate policy. */
  readonly ergodicBitsPerSecondPerHz: Readonly<Record<Direction, number>>;
}

export function measureLink(link: LinkSettings, client: string): LinkMeasurement {
  checkLink(link);
  return {
    client,
    meanSnrDb: { uplink: meanSnrDb(link, client, 'uplink'), downlink: meanSnrDb(link, client, 'downlink') },
    ergodicBitsPerSecondPerHz: {
      uplink: ergodicRate(link, client, 'uplink'),
      downlink: ergodicRate(link, client, 'downlink'),
    },
  };
}

/** The link's goodput in bit/s/Hz, averaged over the fading. */
export function ergodicRate(link: LinkSettings, client: string, direction: Direction): number {
  return chooseRatePolicy(link.rate).goodput(meanSnr(link, client, direction), link.fading);
}
