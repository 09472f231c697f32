/** A real Kafka broker on this machine, from Maven's jars: for `airtune up`, and for tests. */
export { LocalKafkaError } from './local-kafka-error.ts';
export { canStartLocalKafka } from './can-start.ts';
export { startLocalKafka, type LocalKafka, type LocalKafkaOptions } from './start-local-kafka.ts';
