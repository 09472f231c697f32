import type { Contract } from '#contracts';
import { EventPattern } from '@nestjs/microservices';
import type { Delivery } from './delivery.ts';

type HandlerDecorator<Data> = <Handler extends (delivery: Delivery<Data>) => void | Promise<void>>(
  inbox: object,
  method: string | symbol,
  descriptor: TypedPropertyDescriptor<Handler>,
) => void;

/** Marks a method of an `inbox.ts` as the handler of a contract: `@On(roundOpened) open(delivery: Delivery<…>)`. */
export function On<Data>(contract: Contract<string, Data>): HandlerDecorator<Data> {
  return EventPattern(contract.name) as unknown as HandlerDecorator<Data>;
}
