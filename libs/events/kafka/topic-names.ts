import { type Topic, topics } from '#contracts';
import type { Address } from '../listener.ts';
import type { KafkaSettings } from './kafka-settings.ts';

/** A topic's name on the broker: `airtune.coordinator`, `airtune.site.lab-7`. */
export function topicName({ prefix }: Pick<KafkaSettings, 'prefix'>, { topic, owner }: Address): string {
  return owner === undefined ? `${prefix}.${topic}` : `${prefix}.${topic}.${owner}`;
}

/** Where messages go that could not be handled. */
export function deadLetterTopic({ prefix }: Pick<KafkaSettings, 'prefix'>): string {
  return `${prefix}.dead-letters`;
}

/** Topics that are there whoever runs: all but those with an owner. */
export function commonTopics(): readonly Address[] {
  return (Object.keys(topics) as Topic[])
    .filter((topic) => topics[topic].ownedBy === undefined)
    .map((topic) => ({ topic }));
}
