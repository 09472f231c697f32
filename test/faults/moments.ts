import 'reflect-metadata';
import { type Contract, contracts, type Topic, topics } from '#contracts';
import { ChannelInbox } from '../../apps/channel/inbox.ts';
import { CoordinatorInbox, UploadInbox } from '../../apps/coordinator/inbox.ts';
import { RewardModelInbox } from '../../apps/reward-model/inbox.ts';
import { ScoreInbox, TrainerInbox } from '../../apps/trainer/inbox.ts';

/** Whoever states something. */
export type ServiceName = Contract['statedBy'];

/**
 * Moments of a message's life at which a process may die. Who states it: after what it tells of is stored and before it is
 * published, in the middle of its blob, after the broker has it. Who hears it: in the middle of its blob, before it has
 * any effect, and after that and before the offset.
 */
export type Moment =
  'before-publish' | 'sending-blob' | 'after-publish' | 'receiving-blob' | 'before-effect' | 'after-effect';

/** One way to die. */
export interface Fault {
  readonly service: ServiceName;
  readonly contract: string;
  readonly moment: Moment;
}

const INBOXES: Readonly<Record<ServiceName, readonly (abstract new (...parts: never[]) => object)[]>> = {
  coordinator: [CoordinatorInbox, UploadInbox],
  channel: [ChannelInbox],
  trainer: [TrainerInbox, ScoreInbox],
  'reward-model': [RewardModelInbox],
};

/** Every fault there is: each contract at each moment of its stating and of its hearing by each service that handles it. */
export function allFaults(): readonly Fault[] {
  return contracts.flatMap((contract) => [...stating(contract), ...hearing(contract)]);
}

function stating({ name: contract, statedBy, routes }: Contract): Fault[] {
  const service = statedBy;
  const withBlob = routes.some(({ blob }) => blob === true);
  const moments: Moment[] = ['before-publish', ...(withBlob ? (['sending-blob'] as const) : []), 'after-publish'];
  return moments.map((moment) => ({ service, contract, moment }));
}

function hearing({ name: contract, routes }: Contract): Fault[] {
  return (Object.keys(INBOXES) as ServiceName[])
    .filter((service) => handled(service).has(contract))
    .flatMap((service) => {
      const withBlob = routes.some(({ topic, blob }) => blob === true && isReadBy(topic, service));
      const moments: Moment[] = [...(withBlob ? (['receiving-blob'] as const) : []), 'before-effect', 'after-effect'];
      return moments.map((moment) => ({ service, contract, moment }));
    });
}

function isReadBy(topic: Topic, service: ServiceName): boolean {
  const { readBy } = topics[topic];
  return readBy === 'everybody' || readBy === service;
}

/** The contracts that a service has a handler for, as its inbox says. */
function handled(service: ServiceName): ReadonlySet<string> {
  const patterns = INBOXES[service].flatMap((inbox) =>
    Object.getOwnPropertyNames(inbox.prototype).flatMap((method) => {
      const handler: unknown = (inbox.prototype as Record<string, unknown>)[method];
      return (Reflect.getMetadata('microservices:pattern', handler as object) ?? []) as string[];
    }),
  );
  return new Set(patterns);
}
