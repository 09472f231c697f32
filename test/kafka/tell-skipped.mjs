import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Says at the end of a test run that it did without a broker, and why. */
export default class TellSkipped {
  onRunComplete() {
    try {
      const reason = readFileSync(join(process.env.AIRTUNE_TEST_RUN, 'no-broker'), 'utf8');
      process.stderr.write(`\nThe tests against a Kafka broker were skipped. ${reason}\n`);
    } catch {
      // There was one, or nobody asked.
    }
  }
}
