import { type DynamicModule, Module } from '@nestjs/common';
import { HealthController } from './health/health-controller.ts';
import { Health } from './health/health.ts';
import { MetricsController } from './metrics/metrics-controller.ts';
import { Metrics } from './metrics/metrics.ts';

/** `/health/live`, `/health/ready` and `/metrics` beside a service's own module. */
@Module({})
export class OperationsModule {
  static register(service: DynamicModule, health: Health, metrics: Metrics): DynamicModule {
    return {
      module: OperationsModule,
      imports: [service],
      controllers: [HealthController, MetricsController],
      providers: [
        { provide: Health, useValue: health },
        { provide: Metrics, useValue: metrics },
      ],
    };
  }
}
