import { access, mkdir, mkdtemp, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { LocalKafkaError } from './local-kafka-error.ts';
import { runProgram } from './run-program.ts';

const KAFKA = '4.3.0';

/** The broker, its own measuring tools, and a logger that says why it stopped. */
const POM = `<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>airtune</groupId>
  <artifactId>local-broker</artifactId>
  <version>1</version>
  <dependencies>
    <dependency><groupId>org.apache.kafka</groupId><artifactId>kafka_2.13</artifactId><version>${KAFKA}</version></dependency>
    <dependency>
      <groupId>org.apache.kafka</groupId><artifactId>kafka-tools</artifactId><version>${KAFKA}</version>
      <exclusions><exclusion><groupId>*</groupId><artifactId>*</artifactId></exclusion></exclusions>
    </dependency>
    <dependency>
      <groupId>org.apache.logging.log4j</groupId><artifactId>log4j-slf4j-impl</artifactId><version>2.25.4</version>
    </dependency>
  </dependencies>
</project>
`;

/**
 * The folder with the broker's jars: AIRTUNE_KAFKA_JARS, or a cache of the user's that Maven fills the first time (44 MB).
 * @throws LocalKafkaError `local-kafka.no-maven` or `local-kafka.no-jars`
 */
export async function kafkaJars(variables: NodeJS.ProcessEnv): Promise<string> {
  const folder = jarsFolder(variables);
  if (await exists(folder)) return folder;
  await fetchJars(folder);
  return folder;
}

/** Whether Maven would have to be asked. */
export async function haveJars(variables: NodeJS.ProcessEnv): Promise<boolean> {
  return exists(jarsFolder(variables));
}

/** @throws LocalKafkaError `local-kafka.no-maven` */
export async function requireMaven(): Promise<void> {
  await runProgram('mvn', ['--version']).catch((error: unknown) => {
    throw new LocalKafkaError(
      'local-kafka.no-maven',
      'A local Kafka broker is fetched by Maven (mvn), and there is none. Install it (Debian and Ubuntu: apt install maven; macOS: brew install maven), name a folder with the jars of Kafka 4 by AIRTUNE_KAFKA_JARS, or name a running broker by AIRTUNE_KAFKA_BROKERS.',
      { cause: error },
    );
  });
}

function jarsFolder({ AIRTUNE_KAFKA_JARS: named, XDG_CACHE_HOME: cache }: NodeJS.ProcessEnv): string {
  if (named !== undefined && named !== '') return named;
  const root = cache === undefined || cache === '' ? join(homedir(), '.cache') : cache;
  return join(root, 'airtune', `kafka-${KAFKA}`);
}

/** Fills a folder beside the final one and renames it, so that a broken download leaves nothing that looks whole. */
async function fetchJars(folder: string): Promise<void> {
  await requireMaven();
  await mkdir(dirname(folder), { recursive: true });
  const work = await mkdtemp(`${folder}-`);
  try {
    const pom = join(work, 'pom.xml');
    await writeFile(pom, POM);
    const jars = join(work, 'jars');
    const goal = ['dependency:copy-dependencies', '-DincludeScope=runtime', `-DoutputDirectory=${jars}`];
    const { code, said } = await runProgram('mvn', ['-B', '-q', '-f', pom, ...goal]);
    const found = await readdir(jars).catch(() => []);
    if (code !== 0 || !found.some((name) => name.startsWith('kafka_2.13')))
      throw new LocalKafkaError(
        'local-kafka.no-jars',
        `Maven could not fetch Kafka ${KAFKA}: ${said.trim().split('\n').slice(-5).join('\n')}\nCheck the network and Maven's settings.xml, or name a running broker by AIRTUNE_KAFKA_BROKERS.`,
        { retryable: true },
      );
    await rename(jars, folder).catch(async (error: unknown) => {
      // Somebody else was quicker.
      if (!(await exists(folder))) throw error;
    });
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
