import type { Direction, LinkSettings } from './link-settings.ts';

/**
 * What a transfer costs the client's battery, in joules: sending P_tx·T/eta + P_circ·T, receiving P_circ·T.
 * The base station's own power comes from the mains and is not counted.
 */
export function clientEnergyJ(link: LinkSettings, direction: Direction, airtimeMs: number): number {
  const sending = direction === 'uplink' ? link.transmitPowerW / link.amplifierEfficiency : 0;
  return (sending + link.circuitPowerW) * (airtimeMs / 1000);
}
