/** Where one node listens, and as whom one may log in at its second port. */
export interface BrokerPorts {
  readonly plain: number;
  readonly controller: number;
  readonly scram?: number;
  /** With TLS, and login by SCRAM. */
  readonly tls?: number;
}

/** `server.properties` of a single node that is broker and controller, on loopback only. */
export function brokerProperties(
  dataFolder: string,
  { plain, controller, scram, tls }: BrokerPorts,
  keyFile?: string,
): string {
  const listeners = [`PLAINTEXT://127.0.0.1:${String(plain)}`];
  if (scram !== undefined) listeners.push(`SASL_PLAINTEXT://127.0.0.1:${String(scram)}`);
  if (tls !== undefined) listeners.push(`SASL_SSL://127.0.0.1:${String(tls)}`);
  const properties = {
    'process.roles': 'broker,controller',
    'node.id': '1',
    'controller.quorum.voters': `1@127.0.0.1:${String(controller)}`,
    'controller.listener.names': 'CONTROLLER',
    listeners: [...listeners, `CONTROLLER://127.0.0.1:${String(controller)}`].join(','),
    'advertised.listeners': listeners.join(','),
    'listener.security.protocol.map':
      'PLAINTEXT:PLAINTEXT,SASL_PLAINTEXT:SASL_PLAINTEXT,SASL_SSL:SASL_SSL,CONTROLLER:PLAINTEXT',
    'log.dirs': dataFolder,
    'auto.create.topics.enable': 'false',
    'offsets.topic.num.partitions': '5',
    'offsets.topic.replication.factor': '1',
    'transaction.state.log.num.partitions': '5',
    'transaction.state.log.replication.factor': '1',
    'transaction.state.log.min.isr': '1',
    'share.coordinator.state.topic.num.partitions': '1',
    'share.coordinator.state.topic.replication.factor': '1',
    'share.coordinator.state.topic.min.isr': '1',
    // Whoever is alone in a group need not wait for others.
    'group.initial.rebalance.delay.ms': '0',
    'group.min.session.timeout.ms': '1000',
    ...(scram === undefined
      ? {}
      : {
          'sasl.enabled.mechanisms': 'SCRAM-SHA-256',
          'listener.name.sasl_plaintext.scram-sha-256.sasl.jaas.config':
            'org.apache.kafka.common.security.scram.ScramLoginModule required;',
        }),
    ...(tls === undefined || keyFile === undefined
      ? {}
      : {
          'listener.name.sasl_ssl.scram-sha-256.sasl.jaas.config':
            'org.apache.kafka.common.security.scram.ScramLoginModule required;',
          'ssl.keystore.type': 'PEM',
          'ssl.keystore.location': keyFile,
        }),
  };
  return Object.entries(properties)
    .map(([name, value]) => `${name}=${value}\n`)
    .join('');
}
