import { isAbsolute, resolve } from 'node:path';
import { SystemClock, type Clock } from '#events';
import { type DynamicModule, Logger, type LogLevel } from '@nestjs/common';
import type { CustomTransportStrategy, Server } from '@nestjs/microservices';
import type { z } from 'zod';
import { codeOf, EXIT, exitCodeOf } from './exit-codes.ts';
import { Health } from './health/health.ts';
import { JsonLogger } from './logs/json-logger.ts';
import { Metrics } from './metrics/metrics.ts';
import { askedToStop, tellStarter } from './process-signals.ts';
import { type ServiceApplication, startServiceApplication } from './service-application.ts';
import { describeSettings } from './settings/list-settings.ts';
import { readSettings } from './settings/read-settings.ts';

/** Settings that every service has; see `serviceVariables`. */
interface CommonSettings {
  readonly AIRTUNE_HOME: string;
  readonly AIRTUNE_HOST: string;
  readonly AIRTUNE_PORT: number;
  readonly AIRTUNE_LOG_LEVEL: LogLevel;
}

/** What a service is given to start with. */
export interface ServiceTools {
  /** AIRTUNE_HOME, absolute. */
  readonly home: string;
  /** The environment as it is, for settings that a lib reads by itself. */
  readonly environment: NodeJS.ProcessEnv;
  readonly clock: Clock;
  readonly logger: JsonLogger;
  readonly metrics: Metrics;
  readonly health: Health;
  /** What is to be closed at the end, in the other order. */
  readonly onStop: (close: () => Promise<void>) => void;
  /** Ends the process with an error, after a graceful stop. */
  readonly fail: (error: Error) => void;
}

export interface ServiceParts {
  readonly module: DynamicModule;
  readonly transport: Server & CustomTransportStrategy;
  /** What is to be done to the application before it listens: guards, documentation. */
  readonly prepare?: (application: ServiceApplication) => void;
  /** What is to be done once it hears its topics. */
  readonly started?: (application: ServiceApplication) => Promise<void>;
}

/** A service as a process of its own. */
export interface ServiceDeclaration<Variables extends z.ZodObject> {
  readonly name: string;
  readonly summary: string;
  readonly variables: Variables;
  /** Labels of its metrics and fields of its log beside the name, such as the site. */
  identity?(settings: z.output<Variables>): Readonly<Record<string, string>>;
  start(settings: z.output<Variables>, tools: ServiceTools): Promise<ServiceParts>;
}

/** How long the handler under way, and what else must end, may take before the process is ended anyway. */
const STOP_TIMEOUT_MS = 20_000;

/**
 * Runs a service until it is asked to stop: `--help`, settings, logs, health, metrics, a graceful end on SIGTERM, Ctrl-C or
 * when the process that started it is gone. Sets the exit code: 2 for wrong settings, 3 when what it stands on is missing.
 */
export async function runService<Variables extends z.ZodObject>(
  declaration: ServiceDeclaration<Variables>,
  process: NodeJS.Process,
): Promise<void> {
  const { name, summary, variables } = declaration;
  const [argument] = process.argv.slice(2);
  if (argument === '--help' || argument === '-h') {
    process.stdout.write(
      `${summary}\n\nUsage: node ${process.argv[1] ?? name}\nConfigured by environment variables:\n\n${describeSettings(variables)}\n`,
    );
    return;
  }
  if (argument !== undefined) {
    process.stderr.write(`${name}: takes no arguments, found "${argument}"; --help lists its variables\n`);
    process.exitCode = EXIT.badInput;
    return;
  }
  let settings: z.output<Variables>;
  try {
    settings = readSettings(variables, process.env);
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    process.stderr.write(`${name}: ${message}\n`);
    tellStarter(process, { failed: { code: codeOf(error) ?? 'settings.invalid', message, retryable: false } });
    process.exitCode = exitCodeOf(error);
    return;
  }
  await run(declaration, settings, process);
}

async function run<Variables extends z.ZodObject>(
  declaration: ServiceDeclaration<Variables>,
  settings: z.output<Variables>,
  process: NodeJS.Process,
): Promise<void> {
  const common = settings as unknown as CommonSettings;
  const identity = { service: declaration.name, ...declaration.identity?.(settings) };
  const logger = new JsonLogger(identity, common.AIRTUNE_LOG_LEVEL);
  Logger.overrideLogger(logger);
  const stop = askedToStop(process);
  const closers: (() => Promise<void>)[] = [];
  let application: ServiceApplication | undefined;
  const health = new Health();
  const metrics = new Metrics(identity);
  const tools: ServiceTools = {
    home: isAbsolute(common.AIRTUNE_HOME) ? common.AIRTUNE_HOME : resolve(common.AIRTUNE_HOME),
    environment: process.env,
    clock: new SystemClock(),
    logger,
    metrics,
    health,
    onStop: (close) => closers.push(close),
    fail: stop.fail,
  };
  try {
    const parts = await declaration.start(settings, tools);
    application = await startServiceApplication({ ...parts, logger, health, metrics });
    const { close } = application;
    closers.push(close);
    const url = await application.listen(common.AIRTUNE_HOST, common.AIRTUNE_PORT);
    await parts.started?.(application);
    logger.log(`${declaration.name} listens on ${url}`, 'Service');
    tellStarter(process, { listening: url });
    const reason = await stop.reason;
    health.stop();
    if (reason instanceof Error) throw reason;
    logger.log(`stopping: ${reason}`, 'Service');
  } catch (error) {
    const failed = {
      code: codeOf(error) ?? 'unexpected',
      message: error instanceof Error ? error.message : String(error),
    };
    logger.fatal(`${failed.code}: ${failed.message}`, 'Service');
    if (codeOf(error) === undefined && error instanceof Error) logger.error(error);
    const { retryable = false } = error as { readonly retryable?: boolean };
    tellStarter(process, { failed: { ...failed, retryable } });
    process.exitCode = exitCodeOf(error);
  }
  const giveUp = setTimeout(() => {
    logger.error(`not stopped after ${STOP_TIMEOUT_MS / 1000} s; ending anyway`, 'Service');
    // Not by `exit`, which ends training threads inside of ONNX Runtime with an abort.
    process.kill(process.pid, 'SIGKILL');
  }, STOP_TIMEOUT_MS);
  for (const close of closers.reverse()) {
    await close().catch((error: unknown) => {
      logger.error(`while stopping: ${error instanceof Error ? error.message : String(error)}`, 'Service');
    });
  }
  // What still holds the process up then, such as attempts at a broker that is gone, does so no longer than that.
  giveUp.unref();
  stop.release();
  logger.log('stopped', 'Service');
}
