import { writeFile } from 'node:fs/promises';
import { format } from 'prettier';
import type { Fault } from './moments.ts';
import type { ProcessFault } from './process-faults.ts';

interface Tried {
  readonly passed: boolean;
  readonly seconds: number;
}

/** What became of every fault that was tried. */
export class FaultTable {
  private readonly tried = new Map<string, Tried>();
  private readonly matrix: readonly Fault[];
  private readonly processes: readonly ProcessFault[];
  private readonly startedMs = performance.now();

  constructor(matrix: readonly Fault[], processes: readonly ProcessFault[]) {
    this.matrix = matrix;
    this.processes = processes;
  }

  /** Does the work of one fault, and says at once how it went: all of them take a while. */
  async time(name: string, work: () => Promise<void>): Promise<void> {
    const startedMs = performance.now();
    const note = (passed: boolean): void => {
      const seconds = (performance.now() - startedMs) / 1000;
      this.tried.set(name, { passed, seconds });
      const all = this.matrix.length + this.processes.length;
      process.stderr.write(
        `${String(this.tried.size)}/${String(all)} ${passed ? 'passed' : 'FAILED'} ${seconds.toFixed(1)} s: ${name}\n`,
      );
    };
    try {
      await work();
    } catch (error) {
      note(false);
      throw error;
    }
    note(true);
  }

  /** Writes the table. @throws Error when a fault was never tried. */
  async write(file: string): Promise<void> {
    const matrix = this.matrix.map((fault) => {
      const { service, contract, moment } = fault;
      return `| ${contract} | ${service} | ${moment} | ${this.cells(nameOf(fault))} |`;
    });
    const processes = this.processes.map(({ what }) => `| ${what} | ${this.cells(what)} |`);
    const passed = [...this.tried.values()].filter((one) => one.passed).length;
    const summary = `${String(passed)} of ${String(matrix.length + processes.length)} passed, in ${((performance.now() - this.startedMs) / 60_000).toFixed(0)} minutes.`;
    const text = [
      ...[INTRODUCTION, summary],
      ...['## What happens to a process or a topic', PROCESS_NOTES, `${PROCESS_HEAD}\n${processes.join('\n')}`],
      ...['## Every message at every moment', MATRIX_NOTES, `${MATRIX_HEAD}\n${matrix.join('\n')}`],
    ].join('\n\n');
    await writeFile(file, await format(text, { parser: 'markdown', printWidth: 120, proseWrap: 'preserve' }));
  }

  private cells(name: string): string {
    const tried = this.tried.get(name);
    if (tried === undefined) throw new Error(`never tried: ${name}`);
    return `${tried.passed ? 'passed' : '**FAILED**'} | ${tried.seconds.toFixed(1)}`;
  }
}

/** A fault of the matrix in words. */
export function nameOf({ service, contract, moment }: Fault): string {
  return `the ${service} dies at ${moment} of ${contract}`;
}

const INTRODUCTION = `# When services die

Written by \`npm run test:faults\`. Each line is one run of a small experiment in two rounds, with three clients at two sites, over a
real Kafka broker and a real PostgreSQL, every service a process of its own. It **passes** when the run completes by itself with the
global digest and the personal digests of the undisturbed run, and in the record stand the same contributions, transmissions, evaluations
and round endings, each once, and no dead letter, and an audit finds nothing touched. Seconds are those of the whole run, restarts included, as it
went on a machine with two cores.`;
const PROCESS_NOTES = `Where a site never returns the models cannot be those of the undisturbed run: there the rounds that the clock closed
are marked so and name who was missing, the contributions of the others are counted, the audit replays them from the recorded membership, and what the site says when it
comes back after all changes nothing. Whoever takes over from a process that is dead waits first until the broker
believes it: \`AIRTUNE_KAFKA_SESSION_TIMEOUT_MS\`, here 2 seconds, by default 10.`;
const PROCESS_HEAD = '| what happens | outcome | seconds |\n| --- | --- | ---: |';
const MATRIX_NOTES = `In each of these runs one process is ended by SIGKILL at one moment of one message, and started again. The lines are generated
from the contracts and the services' inboxes: a contract without a line, or a moment that was never reached, fails the test.

- **before-publish**: what the message tells of is stored, the message is not sent
- **sending-blob**, **receiving-blob**: in the middle of the blob
- **after-publish**: the broker has the message, nobody has noted that it is sent
- **before-effect**: the message has arrived, nothing has come of it
- **after-effect**: its effect is stored, the offset is not`;
const MATRIX_HEAD = '| message | service | dies at | outcome | seconds |\n| --- | --- | --- | --- | ---: |';
