import { findJava } from './find-java.ts';
import { haveJars, requireMaven } from './kafka-jars.ts';

/** What is missing for a local broker, in words; undefined when nothing is. */
export async function canStartLocalKafka(variables: NodeJS.ProcessEnv): Promise<string | undefined> {
  try {
    await findJava(variables);
    if (!(await haveJars(variables))) await requireMaven();
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
