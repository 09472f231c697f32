import type { Delivery } from '#events';
import type { CallHandler, ExecutionContext, NestInterceptor } from '@nestjs/common';
import { Observable, tap } from 'rxjs';
import type { Metrics } from '../metrics/metrics.ts';
import { type LogFields, withLogFields } from './log-fields.ts';

/** Around every handler of an inbox: its log lines say what they belong to, and its time and outcome are counted. */
export class ObserveDeliveries implements NestInterceptor {
  readonly #metrics: Metrics;

  constructor(metrics: Metrics) {
    this.#metrics = metrics;
  }

  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const { envelope, data } = context.switchToRpc().getData<Delivery<unknown>>();
    const fields: LogFields = { experiment: envelope.experiment, fact: envelope.type, ...partsOf(data) };
    const done = this.#metrics.handling.startTimer({ fact: envelope.type });
    const end = (outcome: 'done' | 'failed'): void => {
      done();
      this.#metrics.handled.inc({ fact: envelope.type, outcome });
    };
    const handled = new Observable((subscriber) => withLogFields(fields, () => next.handle().subscribe(subscriber)));
    return handled.pipe(
      tap({
        complete: () => {
          end('done');
        },
        error: () => {
          end('failed');
        },
      }),
    );
  }
}

function partsOf(data: unknown): Pick<LogFields, 'round' | 'client'> {
  const { round, client } = data as { readonly round?: unknown; readonly client?: unknown };
  return {
    ...(typeof round === 'number' ? { round } : {}),
    ...(typeof client === 'string' ? { client } : {}),
  };
}
