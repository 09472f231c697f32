import { join } from 'node:path';
import { LocalKafkaError } from './local-kafka-error.ts';
import { runProgram } from './run-program.ts';

/** The oldest Java on which the broker runs. */
const OLDEST = 17;

const CURE =
  'Install one (Debian and Ubuntu: apt install openjdk-17-jre-headless; macOS: brew install openjdk@17) or name a running broker by AIRTUNE_KAFKA_BROKERS.';

/** The `java` program: that of JAVA_HOME, or the first in PATH. @throws LocalKafkaError `local-kafka.no-java` */
export async function findJava(variables: NodeJS.ProcessEnv): Promise<string> {
  const { JAVA_HOME: home } = variables;
  const java = home === undefined || home === '' ? 'java' : join(home, 'bin', 'java');
  const { said } = await runProgram(java, ['-version']).catch((error: unknown) => {
    throw new LocalKafkaError(
      'local-kafka.no-java',
      `A local Kafka broker needs Java ${String(OLDEST)}, and there is none. ${CURE}`,
      {
        cause: error,
      },
    );
  });
  const version = Number(/version "(?:1\.)?(\d+)/.exec(said)?.[1]);
  if (!(version >= OLDEST))
    throw new LocalKafkaError(
      'local-kafka.no-java',
      `A local Kafka broker needs Java ${String(OLDEST)} or later; ${java} is ${said.split('\n')[0] ?? 'unknown'}. ${CURE}`,
    );
  return java;
}
