import { z } from 'zod';
import { clientName } from '../vocabulary.ts';

const decibels = z.number().min(-50).max(100);

/** The radio link of every client; SNR is mean Es/N0 over small-scale fading. */
export const linkSpec = z.strictObject({
  fading: z.enum(['rayleigh', 'none']).default('rayleigh'),
  mode: z.enum(['block', 'quasi-static']).default('block'),
  meanSnrDb: decibels.default(5),
  downlinkSnrDb: decibels.optional(),
  bandwidthHz: z.number().min(1).max(1e11).default(1e6),
  coherenceTimeMs: z.number().min(0.01).max(1e6).default(18.4),
  deadlineMs: z.number().min(1).max(1e9).default(60_000),
  rate: z
    .discriminatedUnion('policy', [
      z.strictObject({ policy: z.literal('shannon'), snrGapDb: z.number().min(0).max(30).default(0) }),
      z.strictObject({ policy: z.literal('fixed'), bitsPerSecondPerHz: z.number().gt(0).max(100) }),
    ])
    .default({ policy: 'shannon', snrGapDb: 0 }),
  maxAttempts: z.int().min(1).max(1_000_000).optional(),
  snrOffsetDb: z.record(clientName, z.number().min(-60).max(60)).default({}),
  transmitPowerW: z.number().gt(0).max(1000).default(0.2),
  amplifierEfficiency: z.number().gt(0).max(1).default(1),
  circuitPowerW: z.number().min(0).max(1000).default(0),
});
export type LinkSpec = z.infer<typeof linkSpec>;
