import { Injectable, Logger } from '@nestjs/common';

/** What happens to an error outside of any handler: logged, and tried again; a run in one process is told, and ends. */
@Injectable()
export class ReportFault {
  readonly #log = new Logger('Coordinator');
  readonly #tell: ((error: Error) => void) | undefined;

  constructor(tell?: (error: Error) => void) {
    this.#tell = tell;
  }

  report(what: string, error: unknown): void {
    if (this.#tell !== undefined) this.#tell(error instanceof Error ? error : new Error(String(error)));
    else this.#log.error(`${what}: ${error instanceof Error ? error.message : String(error)}`);
  }
}
