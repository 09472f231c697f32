import { type Envelope, type Route, topics } from '#contracts';
import type { Address } from './listener.ts';

/** Where a route leads for this fact: where each owner has a topic, the fact names whose. */
export function addressOf({ topic }: Route, data: unknown): Address {
  const { ownedBy } = topics[topic];
  return ownedBy === undefined ? { topic } : { topic, owner: (data as Record<typeof ownedBy, string>)[ownedBy] };
}

/** The envelope as it goes along a route: with the key that orders it there. */
export function keyedFor<Data>({ keyedBy }: Route, envelope: Envelope<Data>): Envelope<Data> {
  if (keyedBy === undefined) return envelope;
  return { ...envelope, key: `${envelope.experiment}/${(envelope.data as Record<typeof keyedBy, string>)[keyedBy]}` };
}
