import {
  Catch,
  type DynamicModule,
  type INestMicroservice,
  type NestApplicationOptions,
  type RpcExceptionFilter,
  type Type,
} from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { CustomTransportStrategy, MicroserviceOptions, Server } from '@nestjs/microservices';
import { type Observable, throwError } from 'rxjs';

/** Hands a handler's own error to the transport; Nest would replace it by "Internal server error". */
@Catch()
export class OwnErrors implements RpcExceptionFilter<unknown> {
  catch(error: unknown): Observable<never> {
    return throwError(() => error);
  }
}

/** Starts one service: its module, on its transport. Close it with `close()`. */
export async function startService(
  module: Type | DynamicModule,
  transport: Server & CustomTransportStrategy,
): Promise<INestMicroservice> {
  // eslint-disable-next-line @typescript-eslint/no-unsafe-class-instance-assignment -- Nest declares its options as a class
  const options: MicroserviceOptions & NestApplicationOptions = {
    strategy: transport,
    logger: ['error', 'warn', 'fatal'],
    abortOnError: false,
  };
  const service = await NestFactory.createMicroservice<MicroserviceOptions>(module, options);
  service.useGlobalFilters(new OwnErrors());
  await service.listen();
  return service;
}
