/** What it takes to run a service as a process: settings, logs, health, metrics, and a graceful end. Owns prom-client. */
export { connectToKafka } from './connect-to-kafka.ts';
export { RequireToken, RestAccess } from './access/require-token.ts';
export { codeOf, EXIT, exitCodeOf } from './exit-codes.ts';
export type { StartReport } from './process-signals.ts';
export { Health } from './health/health.ts';
export { HealthController, liveness, readiness } from './health/health-controller.ts';
export { JsonLogger } from './logs/json-logger.ts';
export { Metrics } from './metrics/metrics.ts';
export { MetricsController } from './metrics/metrics-controller.ts';
export { startServiceApplication, type ServiceApplication } from './service-application.ts';
export { runService } from './run-service.ts';
export { MeasuredPublisher } from './metrics/measured-publisher.ts';
export { MeasuredShelf } from './metrics/measured-shelf.ts';
export { describeSettings, listSettings } from './settings/list-settings.ts';
export { isLoopback } from './settings/loopback.ts';
export { readSettings } from './settings/read-settings.ts';
export {
  databaseVariable,
  kafkaVariables,
  serviceVariables,
  threadsVariable,
  tokenVariable,
} from './settings/service-variables.ts';
