import type { ChannelFamily } from '#parameters';
import { FederationError } from '../federation-error.ts';
import type { ChannelOrders } from './keep-channels.ts';

/** Orders as a round announces them: family after family, two bytes a channel, little endian, in base64. */
export function writeOrders(families: readonly ChannelFamily[], orders: ChannelOrders): string {
  const channels = families.flatMap(({ name }) => [...(orders.get(name) ?? [])]);
  const bytes = new DataView(new ArrayBuffer(2 * channels.length));
  channels.forEach((channel, place) => {
    bytes.setUint16(2 * place, channel, true);
  });
  return Buffer.from(bytes.buffer).toString('base64');
}

/** The orders again; throws `federation.channel-order` unless every family's channels are there, once each. */
export function readOrders(families: readonly ChannelFamily[], announced: string): ChannelOrders {
  const bytes = Buffer.from(announced, 'base64');
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const total = families.reduce((sum, { channels }) => sum + channels, 0);
  const refuse = (what: string) => new FederationError('federation.channel-order', `The order of channels ${what}.`);
  if (bytes.byteLength !== 2 * total) throw refuse(`has ${bytes.byteLength} bytes, ${2 * total} are expected`);
  let place = 0;
  return new Map(
    families.map(({ name, channels }) => {
      const order = Array.from({ length: channels }, () => view.getUint16(2 * place++, true));
      const isPermutation = new Set(order).size === channels && order.every((channel) => channel < channels);
      if (!isPermutation) throw refuse(`of ${name} does not name each of its ${channels} channels once`);
      return [name, order];
    }),
  );
}
