import { Injectable, Logger } from '@nestjs/common';

/** What is tried again twice a second need not be told as often. */
const AGAIN_AFTER_MS = 60_000;

/** What happens to an error outside of any handler: logged, and tried again; a run in one process is told, and ends. */
@Injectable()
export class ReportFault {
  readonly #log = new Logger('Coordinator');
  readonly #tell: ((error: Error) => void) | undefined;
  #last = { line: '', atMs: 0 };

  constructor(tell?: (error: Error) => void) {
    this.#tell = tell;
  }

  report(what: string, error: unknown): void {
    if (this.#tell !== undefined) this.#tell(error instanceof Error ? error : new Error(String(error)));
    else this.#say(`${what}: ${error instanceof Error ? error.message : String(error)}`);
  }

  #say(line: string): void {
    const atMs = performance.now();
    if (line === this.#last.line && atMs - this.#last.atMs < AGAIN_AFTER_MS) return;
    this.#last = { line, atMs };
    this.#log.error(line);
  }
}
