import type { LinkSettings } from './link-settings.ts';

/** How fast a block is sent, and whether it arrives. SNRs are ratios, rates bit/s/Hz. */
export interface RatePolicy {
  /** The rate at which a block of this instantaneous SNR is sent. */
  rate(snr: number): number;
  /** Whether a block sent so is received. */
  received(snr: number): boolean;
  /** Bits that arrive per second and Hz in the mean over many blocks of this mean SNR, repeats included. */
  goodput(meanSnr: number, fading: LinkSettings['fading']): number;
  /** The rate of the middlemost block: half of all fades carry less. */
  medianRate(meanSnr: number, fading: LinkSettings['fading']): number;
}
