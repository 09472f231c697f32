import { startRecordServer } from '#storage';
import type { Part, RunningPart } from './part.ts';

/** The embedded PostgreSQL of a home whose lock this process holds; at one address for as long as this object lives. */
export class DatabasePart implements Part {
  readonly name = 'database';
  private readonly home: string;
  private started: { readonly url: string; readonly port: number } | undefined;

  constructor(home: string) {
    this.home = home;
  }

  /** What services connect with, once it has started. */
  get url(): string {
    return this.started?.url ?? '';
  }

  async start(): Promise<RunningPart> {
    const { url, port, pid, ended, stop } = await startRecordServer(this.home, this.started?.port);
    this.started = { url, port };
    return { address: `127.0.0.1:${port}`, pid, ended, stop: () => stop() };
  }
}
