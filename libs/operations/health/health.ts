import { setTimeout as wait } from 'node:timers/promises';

/** Something that a service cannot work without. */
export interface Requirement {
  /** As users call it: `broker`, `database`, `topics`. */
  readonly name: string;
  /** Rejects with the reason when it is not there. */
  check(): Promise<void>;
}

export interface Missing {
  readonly what: string;
  readonly why: string;
}

const TIMEOUT_MS = 2000;

/** What a service stands on, and whether it is there just now. */
export class Health {
  readonly #requirements: Requirement[] = [];
  #stopping = false;

  require(requirement: Requirement): void {
    this.#requirements.push(requirement);
  }

  /** From now on not ready: whoever sends work should send it elsewhere. */
  stop(): void {
    this.#stopping = true;
  }

  async missing(): Promise<readonly Missing[]> {
    if (this.#stopping) return [{ what: 'service', why: 'it is stopping' }];
    const found = await Promise.all(this.#requirements.map(missingOf));
    return found.flatMap((one) => (one === undefined ? [] : [one]));
  }
}

async function missingOf(requirement: Requirement): Promise<Missing | undefined> {
  const late = new AbortController();
  const timeout = wait(TIMEOUT_MS, undefined, { signal: late.signal, ref: false }).then(
    () => Promise.reject(new Error(`no answer within ${TIMEOUT_MS / 1000} s`)),
    () => undefined,
  );
  try {
    await Promise.race([requirement.check(), timeout]);
    return undefined;
  } catch (error) {
    return { what: requirement.name, why: error instanceof Error ? error.message : String(error) };
  } finally {
    late.abort();
  }
}
