/**
 * The wireless link in simulated time: draw the fades, apply a rate policy to each block, compose a transfer of them.
 *
 *     transmit(link, { seed, client: 'client-2', round: 3, direction: 'uplink', bits: 8 * blob.byteLength });
 *
 * Pure: nothing sleeps, and the same arguments give the same answer. Not here: interference, correlation from one block to
 * the next, path loss and shadowing (a client's place is its `snrOffsetDb`), soft combining of repeated blocks.
 */
export type { Direction, LinkSettings, RateSettings } from './link-settings.ts';
export { checkLink } from './link-settings.ts';
export { type Crossing, drawFades } from './fades.ts';
export { transmit, type Transmission } from './transmit.ts';
export { type LinkMeasurement, measureLink } from './measure-link.ts';
export { bandwidthToMeet, expectedTransferMs } from './expected-transfer.ts';
export { composeRound, type RoundCost, type RoundCrossing } from './compose-round.ts';
export { RadioError } from './radio-error.ts';
export {
  awgnCapacity,
  epsilonOutageRate,
  ergodicCapacity,
  fixedRateGoodput,
  goodputOptimalRate,
  outageProbability,
} from './rayleigh.ts';
export { delayCdf, delayQuantile, slowestDelayQuantile } from './quasi-static-delay.ts';
