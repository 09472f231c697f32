import { HealthController, liveness, MetricsController, readiness, type ServiceApplication } from '#operations';
import { HttpStatus } from '@nestjs/common';
import {
  ApiOperation,
  ApiResponse,
  type ApiResponseOptions,
  ApiTags,
  DocumentBuilder,
  type OpenAPIObject,
  SwaggerModule,
} from '@nestjs/swagger';
import { asOpenApi, componentsOf } from './named-schemas.ts';
import { ledgerEvent } from './answers/audit.ts';

const DESCRIPTION = `Submit experiments, follow them, read their record. Every refusal is \`{ code, message }\`; the same
request may be made twice. Where \`AIRTUNE_TOKEN\` is set, each request but those for health and metrics has to carry it.`;

/** What the REST border takes and answers, from the schemas that check the one and type the other. */
export function openApiDocument(application: ServiceApplication['nest']): OpenAPIObject {
  describeOperations();
  const head = new DocumentBuilder()
    .setOpenAPIVersion('3.1.0')
    .setTitle('Airtune coordinator')
    .setDescription(DESCRIPTION)
    .setVersion('1')
    .setLicense('Apache-2.0', 'https://www.apache.org/licenses/LICENSE-2.0')
    .addBearerAuth({ type: 'http', scheme: 'bearer', description: 'AIRTUNE_TOKEN, where one is set' })
    .build();
  const document = SwaggerModule.createDocument(application, head, {
    standardSchemaConverter: asOpenApi,
    operationIdFactory: (controller, method) => `${controller.replace('Controller', '').toLowerCase()}.${method}`,
  });
  // No answer refers to it by itself: it is what a stream consists of.
  return {
    ...document,
    components: { ...document.components, schemas: { ...document.components?.schemas, ...componentsOf(ledgerEvent) } },
  };
}

/** Every service has these; only the coordinator describes them. */
function describeOperations(): void {
  ApiTags('operations')(HealthController);
  ApiTags('operations')(MetricsController);
  describe(HealthController.prototype, 'live', 'Whether the process answers', [
    { status: HttpStatus.OK, description: 'it does', standardSchema: liveness },
  ]);
  describe(
    HealthController.prototype,
    'ready',
    'Whether all is there that the service needs; what is missing, and why',
    [
      { status: HttpStatus.OK, description: 'all is there', standardSchema: readiness },
      { status: HttpStatus.SERVICE_UNAVAILABLE, description: 'something is missing', standardSchema: readiness },
    ],
  );
  describe(MetricsController.prototype, 'scrape', 'Figures for Prometheus, in its text format 0.0.4', [
    {
      status: HttpStatus.OK,
      description: 'as the README lists them',
      content: { 'text/plain': { schema: { type: 'string' } } },
    },
  ]);
}

function describe(border: object, name: string, summary: string, answers: readonly ApiResponseOptions[]): void {
  const handler = Object.getOwnPropertyDescriptor(border, name);
  if (handler === undefined) throw new Error(`There is no handler ${name}`);
  for (const decorate of [ApiOperation({ summary }), ...answers.map((answer) => ApiResponse(answer))])
    decorate(border, name, handler);
}
