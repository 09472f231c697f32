import { topics, type Topic } from '#contracts';

/** Where a copy of a message goes: a topic, and for `site` whose. */
export interface Address {
  readonly topic: Topic;
  readonly site?: string;
}

/** Who listens: a service to the topic of its name, a trainer to its site's, and everybody to what is for all. */
export interface Listener {
  readonly service: 'coordinator' | 'channel' | 'trainer';
  readonly site?: string;
  /** Messages that are handled at once, started in order; 1 unless told. */
  readonly concurrency?: number;
}

/** How a listener is called in messages about it: `channel`, `trainer/lab-7`. */
export function nameOf({ service, site }: Listener): string {
  return site === undefined ? service : `${service}/${site}`;
}

/** Whether what goes to this address is for this listener. */
export function listensTo(listener: Listener, address: Address): boolean {
  if (topics[address.topic].readers === 'all') return true;
  if (address.topic === 'site') return listener.service === 'trainer' && address.site === listener.site;
  return address.topic === listener.service;
}
