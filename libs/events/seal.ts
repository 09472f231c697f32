import { createHash } from 'node:crypto';
import { type Contract, type Envelope, envelopeSchema, explainIssues } from '#contracts';
import type { Clock } from './clock.ts';
import type { PublishOptions } from './publisher.ts';
import { TransportError } from './transport-error.ts';

/**
 * Puts a fact into its envelope. The id is a digest of what is said, so that saying it again is recognised as the same event.
 */
export function seal<Data>(
  contract: Contract<string, Data>,
  data: Data,
  options: PublishOptions,
  source: string,
  clock: Clock,
): Envelope<Data> {
  const checked = contract.schema.safeParse(data);
  if (!checked.success) {
    const problems = explainIssues(checked.error).join('; ');
    throw new TransportError('event.invalid', `${contract.name} breaks its contract: ${problems}`);
  }
  const said = JSON.stringify([source, contract.name, contract.version, options.experiment, checked.data]);
  return {
    specversion: '1.0',
    id: createHash('sha256').update(said).digest('hex'),
    type: contract.name,
    dataversion: contract.version,
    source,
    time: clock.now().toISOString(),
    experiment: options.experiment,
    key: options.experiment,
    ...(options.cause === undefined ? {} : { cause: options.cause }),
    data: checked.data,
  };
}

/** Opens an envelope that arrived as JSON, as {@link open} does. */
export function unseal<Data>(contract: Contract<string, Data>, json: string): Envelope<Data> {
  let written: unknown;
  try {
    written = JSON.parse(json);
  } catch (error) {
    throw new TransportError('envelope.invalid', 'it is not JSON', { cause: error });
  }
  return open(contract, written);
}

/**
 * Checks what arrived against envelope, version and contract.
 * @throws TransportError `envelope.invalid`, `event.type`, `event.version` or `event.invalid`
 */
export function open<Data>(contract: Contract<string, Data>, written: unknown): Envelope<Data> {
  const envelope = envelopeSchema.safeParse(written);
  if (!envelope.success) {
    throw new TransportError('envelope.invalid', explainIssues(envelope.error).join('; '));
  }
  if (envelope.data.type !== contract.name) {
    throw new TransportError('event.type', `it came as ${contract.name} and says that it is ${envelope.data.type}`);
  }
  if (envelope.data.dataversion !== contract.version) {
    const versions = `${String(envelope.data.dataversion)}, this service speaks ${String(contract.version)}`;
    throw new TransportError('event.version', `${contract.name} has version ${versions}`);
  }
  const data = contract.schema.safeParse(envelope.data.data);
  if (!data.success) {
    throw new TransportError('event.invalid', `${contract.name}: ${explainIssues(data.error).join('; ')}`);
  }
  return { ...envelope.data, data: data.data };
}
