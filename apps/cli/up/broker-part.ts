import { startLocalKafka } from '#local-kafka';
import type { Part, RunningPart } from './part.ts';

/** A Kafka broker on this machine; at one address for as long as this object lives. */
export class BrokerPart implements Part {
  readonly name = 'broker';
  private readonly folder: string;
  private readonly variables: NodeJS.ProcessEnv;
  private port: number | undefined;

  constructor(folder: string, variables: NodeJS.ProcessEnv) {
    this.folder = folder;
    this.variables = variables;
  }

  async start(): Promise<RunningPart> {
    const { folder, variables, port } = this;
    const kafka = await startLocalKafka({ folder, variables, ...(port === undefined ? {} : { port }) });
    const { broker, pid, ended } = kafka;
    this.port = Number(broker.split(':')[1]);
    return { address: broker, pid, ended, stop: (how) => kafka.stop(how ?? 'in-order') };
  }
}
