import { OwnErrors } from '#events';
import type { DynamicModule, LoggerService, NestApplicationOptions, Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { CustomTransportStrategy, MicroserviceOptions, NestMicroservice, Server } from '@nestjs/microservices';
import type { NestExpressApplication } from '@nestjs/platform-express';
import type { AddressInfo } from 'node:net';
import type { Health } from './health/health.ts';
import { ObserveDeliveries } from './logs/observe-deliveries.ts';
import type { Metrics } from './metrics/metrics.ts';
import { OperationsError } from './operations-error.ts';
import { OperationsModule } from './operations.module.ts';

/** A service's module on its transport and on HTTP. */
export interface ServiceApplication {
  readonly nest: NestExpressApplication;
  get<T>(provider: Type<T>): T;
  /** Hears its topics, then answers HTTP; returns the URL. */
  listen(host: string, port: number): Promise<string>;
  /** Ends with the handler under way; later calls do nothing. */
  readonly close: () => Promise<void>;
}

export async function startServiceApplication(parts: {
  readonly module: DynamicModule;
  readonly transport: Server & CustomTransportStrategy;
  readonly prepare?: (application: ServiceApplication) => void;
  readonly logger: LoggerService;
  readonly health: Health;
  readonly metrics: Metrics;
}): Promise<ServiceApplication> {
  const root = OperationsModule.register(parts.module, parts.health, parts.metrics);
  // eslint-disable-next-line @typescript-eslint/no-unsafe-class-instance-assignment -- Nest declares its options as a class
  const options: NestApplicationOptions = {
    logger: parts.logger,
    abortOnError: false,
    forceCloseConnections: true,
    bodyParser: false,
  };
  const nest = await NestFactory.create<NestExpressApplication>(root, options);
  nest.disable('x-powered-by');
  // eslint-disable-next-line @typescript-eslint/no-unsafe-class-instance-assignment -- it is one, its declared type hides that
  const microservice = nest.connectMicroservice<MicroserviceOptions>(
    { strategy: parts.transport },
    { deferInitialization: true },
  ) as NestMicroservice;
  microservice.useGlobalFilters(new OwnErrors());
  microservice.useGlobalInterceptors(new ObserveDeliveries(parts.metrics));
  // What Nest does at once unless deferred, and then without what was set above; hooks are the application's to call.
  microservice.registerListeners();
  microservice.setIsInitialized(true);
  microservice.setIsInitHookCalled(true);
  const application: ServiceApplication = {
    nest,
    get: (provider) => nest.get(provider),
    async listen(host, port) {
      await nest.startAllMicroservices();
      await listen(nest, host, port);
      const { address, port: taken, family } = nest.getHttpServer().address() as AddressInfo;
      return `http://${family === 'IPv6' ? `[${address}]` : address}:${taken}`;
    },
    async close() {
      // First the inbox, then everything that its handlers stand on.
      await microservice.close();
      await nest.close();
    },
  };
  parts.prepare?.(application);
  return application;
}

async function listen(nest: NestExpressApplication, host: string, port: number): Promise<void> {
  try {
    await nest.listen(port, host);
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code ?? '';
    const why: Readonly<Record<string, string>> = {
      EADDRINUSE: 'is in use by another process; choose another by AIRTUNE_PORT, or end that one',
      EACCES: 'may not be opened by this user; choose one above 1023 by AIRTUNE_PORT',
      EADDRNOTAVAIL: 'is no address of this machine; correct AIRTUNE_HOST',
      ENOTFOUND: 'is no address of this machine; correct AIRTUNE_HOST',
    };
    throw new OperationsError('operations.address', `${host}:${port} ${why[code] ?? `cannot be opened (${code})`}`, {
      cause,
    });
  }
}
