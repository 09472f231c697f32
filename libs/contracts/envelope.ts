import { z } from 'zod';
import { experimentId } from './vocabulary.ts';

/** CloudEvents' attributes, with the experiment as subject's owner and the event that caused this one. */
export const envelopeSchema = z.strictObject({
  specversion: z.literal('1.0'),
  id: z.string().min(1).max(256),
  type: z.string().min(1).max(64),
  dataversion: z.int().min(1),
  source: z.string().min(1).max(128),
  time: z.iso.datetime(),
  experiment: experimentId,
  key: z.string().min(1).max(256),
  cause: z.string().max(256).optional(),
  data: z.unknown(),
});

export type Envelope<Data = unknown> = Omit<z.infer<typeof envelopeSchema>, 'data'> & { readonly data: Data };
