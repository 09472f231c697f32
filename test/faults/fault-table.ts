import { writeFile } from 'node:fs/promises';
import type { Fault } from './moments.ts';

interface Row extends Fault {
  readonly passed: boolean;
  readonly seconds: number;
}

/** What became of every fault that was tried. */
export class FaultTable {
  private readonly rows: Row[] = [];

  async time(fault: Fault, work: () => Promise<void>): Promise<void> {
    const startedMs = performance.now();
    const note = (passed: boolean): void => {
      this.rows.push({ ...fault, passed, seconds: (performance.now() - startedMs) / 1000 });
    };
    try {
      await work();
    } catch (error) {
      note(false);
      throw error;
    }
    note(true);
  }

  /** Writes the table. @throws Error when a fault of `every` was never tried. */
  async write(file: string, every: readonly Fault[]): Promise<void> {
    const key = ({ service, contract, moment }: Fault): string => `${service} ${contract} ${moment}`;
    const tried = new Map(this.rows.map((row) => [key(row), row]));
    const lines = every.map((fault) => {
      const row = tried.get(key(fault));
      if (row === undefined) throw new Error(`never tried: ${key(fault)}`);
      const { service, contract, moment, passed, seconds } = row;
      return `| ${contract} | ${service} | ${moment} | ${passed ? 'same models, audit passes' : '**FAILED**'} | ${seconds.toFixed(1)} |`;
    });
    const passed = this.rows.filter((row) => row.passed).length;
    await writeFile(
      file,
      `${INTRODUCTION}\n${String(passed)} of ${String(every.length)} passed.\n\n${HEAD}\n${lines.join('\n')}\n`,
    );
  }
}

const INTRODUCTION = `# When a service dies

Written by \`npm run test:faults\`. Each line is one run of a small experiment over a real Kafka broker and a real PostgreSQL,
in which one process is ended by SIGKILL at one moment of one message, and started again. It passes when the run completes by
itself with the global and personal digests of the undisturbed run, the same contributions, transmissions and round endings
in the record, each once, and an audit that finds nothing touched. The lines are generated from the contracts and the inboxes:
a contract without a line, or a moment that was never reached, fails the test.

- **before-publish**: what the message tells of is stored, the message is not sent
- **sending-blob**, **receiving-blob**: in the middle of the blob
- **after-publish**: the broker has the message, nobody has noted that it is sent
- **before-effect**: the message has arrived, nothing has come of it
- **after-effect**: its effect is stored, the offset is not
`;
const HEAD = '| message | service | dies at | outcome | seconds |\n| --- | --- | --- | --- | ---: |';
