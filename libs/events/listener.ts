import { topics, type Topic } from '#contracts';

/** Where a copy of a message goes: a topic, and where each owner has one of its own, whose. */
export interface Address {
  readonly topic: Topic;
  readonly owner?: string;
}

/** Who listens: a service to what is for it, a trainer to what is for its site, and everyone to what is for everybody. */
export interface Listener {
  readonly service: 'coordinator' | 'channel' | 'trainer' | 'reward-model';
  readonly site?: string;
  /** The reward model that a service of it is. */
  readonly model?: string;
  /** Messages that are handled at once, started in order; 1 unless told. */
  readonly concurrency?: number;
}

/** How a listener is called in messages about it: `channel`, `trainer/lab-7`, `reward-model/reward-safety`. */
export function nameOf({ service, site, model }: Listener): string {
  const whose = site ?? model;
  return whose === undefined ? service : `${service}/${whose}`;
}

/** The listener's own address among those of a topic; none if the topic is another service's. */
export function addressFor(listener: Listener, topic: Topic): Address | undefined {
  const { readBy, ownedBy } = topics[topic];
  if (readBy !== 'everybody' && readBy !== listener.service) return undefined;
  if (ownedBy === undefined) return { topic };
  const owner = listener[ownedBy];
  return owner === undefined ? undefined : { topic, owner };
}

/** Whether what goes to this address is for this listener. */
export function listensTo(listener: Listener, address: Address): boolean {
  const own = addressFor(listener, address.topic);
  return own !== undefined && own.owner === address.owner;
}
