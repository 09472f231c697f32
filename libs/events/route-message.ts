import type { Envelope, Route } from '#contracts';
import type { Address } from './listener.ts';

/** Where a route leads for this fact: a site's topic is named by the fact's `site`. */
export function addressOf(route: Route, data: unknown): Address {
  if (route.topic !== 'site') return { topic: route.topic };
  return { topic: 'site', site: (data as { readonly site: string }).site };
}

/** The envelope as it goes along a route: with the key that orders it there. */
export function keyedFor<Data>(route: Route, envelope: Envelope<Data>): Envelope<Data> {
  if (route.keyedBy === undefined) return envelope;
  const { client } = envelope.data as { readonly client: string };
  return { ...envelope, key: `${envelope.experiment}/${client}` };
}
