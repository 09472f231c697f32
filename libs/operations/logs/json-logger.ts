import { ConsoleLogger, type LogLevel } from '@nestjs/common';
import { logFields } from './log-fields.ts';

const ORDER: readonly LogLevel[] = ['debug', 'log', 'warn', 'error', 'fatal'];
type JsonLine = ReturnType<ConsoleLogger['getJsonLogObject']>;
type JsonParts = Parameters<ConsoleLogger['printAsJson']>[1];

/** Nest's logger as JSON lines on standard output: level, time, service, message, and what the line belongs to. */
export class JsonLogger extends ConsoleLogger {
  readonly #identity: Readonly<Record<string, string>>;

  constructor(identity: Readonly<Record<string, string>>, least: LogLevel) {
    super({ json: true, colors: false, compact: true, logLevels: ORDER.slice(ORDER.indexOf(least)) });
    this.#identity = identity;
  }

  protected override printAsJson(message: unknown, parts: JsonParts): void {
    super.printAsJson(message, { ...parts, writeStreamType: 'stdout' });
  }

  protected override getJsonLogObject(message: unknown, parts: JsonParts): JsonLine {
    const { level, timestamp, ...rest } = super.getJsonLogObject(message, parts);
    const time = new Date(timestamp).toISOString();
    return { level, time, ...this.#identity, ...logFields(), ...rest, timestamp };
  }
}
