/** A kind of topic; each fact says by its routes which of them it takes. */
export type Topic = 'coordinator' | 'channel' | 'site' | 'reward' | 'announcements' | 'experiments';

/** A topic: who reads it, how it is spread, how long it is kept. On a broker it is named `<prefix>.<name>`. */
export interface TopicDeclaration {
  readonly name: Topic;
  readonly summary: string;
  /** A service, whose replicas share the messages; or everybody, and then every process reads every message. */
  readonly readBy: 'coordinator' | 'channel' | 'trainer' | 'reward-model' | 'everybody';
  /** With this there is a topic for each owner, `<prefix>.site.<site>`: the field of a fact, and of a listener, that names it. */
  readonly ownedBy?: 'site' | 'model';
  /** How many replicas can share its work; messages of one key keep their order. */
  readonly partitions: number;
  /** Hours that a message is kept; or only the last of each key, for good, and readers start from the beginning. */
  readonly keep: { readonly hours: number } | 'last-of-key';
  /** Bytes of the largest message, its headers included. */
  readonly maxMessageBytes: number;
}

const WEEK = { hours: 7 * 24 };
const MIB = 1024 ** 2;

/** Every topic, and what is true of it. */
export const topics: Readonly<Record<Topic, TopicDeclaration>> = {
  coordinator: {
    name: 'coordinator',
    summary: 'What clients and channel tell the coordinator, uploads that arrived included.',
    readBy: 'coordinator',
    partitions: 12,
    keep: WEEK,
    maxMessageBytes: 4 * MIB,
  },
  channel: {
    name: 'channel',
    summary: 'What is to cross the wireless link: global models on their way down, uploads on their way up.',
    readBy: 'channel',
    partitions: 12,
    keep: WEEK,
    maxMessageBytes: 4 * MIB,
  },
  site: {
    name: 'site',
    summary: 'What crossed the link to the clients of one site, which reads no other.',
    readBy: 'trainer',
    ownedBy: 'site',
    partitions: 1,
    keep: WEEK,
    maxMessageBytes: 4 * MIB,
  },
  reward: {
    name: 'reward',
    summary: 'Completions that one reward model is to score; replicas of its service share them.',
    readBy: 'reward-model',
    ownedBy: 'model',
    partitions: 12,
    keep: WEEK,
    maxMessageBytes: 4 * MIB,
  },
  announcements: {
    name: 'announcements',
    summary: 'How rounds ended, for everyone who watches; and which reward models the next one awaits.',
    readBy: 'everybody',
    partitions: 1,
    keep: WEEK,
    maxMessageBytes: 4 * MIB,
  },
  experiments: {
    name: 'experiments',
    summary: 'Every experiment: its submission while it is open, then how it ended. Read from the beginning at boot.',
    readBy: 'everybody',
    partitions: 1,
    keep: 'last-of-key',
    maxMessageBytes: 4 * MIB,
  },
};
