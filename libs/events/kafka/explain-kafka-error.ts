import { TransportError } from '../transport-error.ts';
import type { KafkaSettings } from './kafka-settings.ts';

interface KafkaLikeError {
  readonly name?: string;
  readonly message?: string;
  readonly type?: string;
  readonly code?: unknown;
  readonly retriable?: boolean;
  readonly cause?: unknown;
}

/** Turns what the client library throws into an error that names cause and cure. */
export function explainKafkaError(
  error: unknown,
  { brokers, sasl, ssl }: KafkaSettings,
  doing: string,
): TransportError {
  if (error instanceof TransportError) return error;
  const { name = '', message = '', type = '', retriable } = rootOf(error);
  const at = brokers.join(', ');
  const say = (code: string, words: string, retryable = false): TransportError =>
    new TransportError(code, `${doing}: ${words}`, { retryable, cause: error });

  if (
    name === 'KafkaJSSASLAuthenticationError' ||
    /^(SASL_AUTHENTICATION_FAILED|UNSUPPORTED_SASL_MECHANISM)$/.test(type)
  )
    return say(
      'kafka.authentication-refused',
      `the broker at ${at} refuses ${sasl?.username ?? 'the login'} (${message}). Check AIRTUNE_KAFKA_SASL_MECHANISM, _USERNAME and _PASSWORD.`,
    );
  if (type.endsWith('_AUTHORIZATION_FAILED'))
    return say(
      'kafka.not-authorised',
      `the broker at ${at} does not allow it (${message}). Give ${sasl?.username ?? 'this client'} the right, or name other topics by AIRTUNE_KAFKA_PREFIX.`,
    );
  if (type === 'MESSAGE_TOO_LARGE' || type === 'RECORD_LIST_TOO_LARGE')
    return say(
      'kafka.message-too-large',
      `the broker takes no message of that size (${message}). Raise max.message.bytes of the topic.`,
    );
  if (type === 'UNKNOWN_TOPIC_OR_PARTITION')
    return say(
      'kafka.topic-missing',
      `there is no such topic (${message}). Its reader creates it when it starts.`,
      true,
    );
  if (type === 'UNSUPPORTED_VERSION' || name === 'KafkaJSServerDoesNotSupportApiKey')
    return say(
      'kafka.version',
      `the broker at ${at} speaks another version (${message}). Kafka 2.1 or later is needed.`,
    );
  if (message.includes('is not Kafka'))
    return say('kafka.not-kafka', `${message}. Correct AIRTUNE_KAFKA_BROKERS${tlsHint(sasl, ssl)}.`);
  if (/ssl|tls|certificate|self.signed/i.test(message))
    return say(
      'kafka.tls-refused',
      `no TLS with the broker at ${at} (${message}). Check AIRTUNE_KAFKA_SSL and the files of AIRTUNE_KAFKA_SSL_CA, _CERT and _KEY.`,
    );
  // Without a name it is what the library says of a port where nothing answers.
  if (
    message === 'Broker not connected' ||
    /^KafkaJS(Connection|NoBroker|BrokerNotFound|GroupCoordinatorNotFound|RequestTimeout)/.test(name)
  )
    return say(
      'kafka.unreachable',
      `no Kafka broker answers at ${at} (${message}). Start one, or correct AIRTUNE_KAFKA_BROKERS${tlsHint(sasl, ssl)}.`,
      true,
    );
  return say('kafka.failed', message === '' ? String(error) : message, retriable === true);
}

/** A broker that wants TLS or a login closes the connection without a word. */
function tlsHint(sasl: KafkaSettings['sasl'], ssl: KafkaSettings['ssl']): string {
  if (sasl !== undefined && ssl !== undefined) return '';
  return '; if it wants TLS or a login, set AIRTUNE_KAFKA_SSL or AIRTUNE_KAFKA_SASL_MECHANISM';
}

/** The library wraps what went wrong in what it did about it. */
function rootOf(error: unknown): KafkaLikeError {
  let root = (error ?? {}) as KafkaLikeError & { originalError?: unknown; errors?: unknown[] };
  for (;;) {
    const next = root.errors?.[0] ?? root.cause ?? root.originalError;
    if (next === undefined || next === null || next === root) return root;
    root = next;
  }
}
