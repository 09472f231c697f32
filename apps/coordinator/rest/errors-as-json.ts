import { type ArgumentsHost, Catch, type ExceptionFilter, HttpException, Logger } from '@nestjs/common';
import type { ServerResponse } from 'node:http';
import { z } from 'zod';
import { named } from './named-schemas.ts';

/** First parts of codes, and whole codes, with the status that they mean; anything else is the server's own fault. */
const STATUSES: Readonly<Record<string, number>> = {
  'storage.experiment-unknown': 404,
  'storage.digest-mismatch': 400,
  'storage.disk-full': 507,
  storage: 503,
  'experiment.exists': 409,
  'experiment.ended': 409,
  'dead-letter.unknown': 404,
  'dead-letter.no-broker': 409,
  'reward.unknown': 404,
  'site.other-key': 409,
  'profile.client-unknown': 404,
  'profile.not-enrolled': 409,
  'profile.too-late': 409,
  profile: 400,
  experiment: 422,
  request: 400,
  spec: 400,
  method: 400,
  radio: 400,
  parameters: 422,
};

/** What is wrong with a request that Nest refused before it reached Airtune's code. */
const REFUSALS: Readonly<Record<number, string>> = {
  401: 'request.token',
  403: 'request.forbidden',
  404: 'request.not-found',
  413: 'request.too-large',
};

/** The body of every refusal. */
export const errorAnswer = named(
  'ErrorAnswer',
  z.strictObject({
    code: z.string().describe('stable, for programs: `experiment.exists`, `request.invalid` …'),
    message: z.string(),
  }),
);

/** Every error of the REST border as `{ code, message }`. What is unexpected is logged, and told without its insides. */
@Catch()
export class ErrorsAsJson implements ExceptionFilter {
  readonly #log = new Logger('Rest');

  catch(error: unknown, host: ArgumentsHost): void {
    const response = host.switchToHttp().getResponse<ServerResponse>();
    const { status, code, message } = this.#explain(error);
    if (response.headersSent) {
      response.end();
      return;
    }
    response.writeHead(status, { 'content-type': 'application/json; charset=utf-8' });
    response.end(JSON.stringify({ code, message } satisfies z.infer<typeof errorAnswer>));
  }

  #explain(error: unknown): { readonly status: number; readonly code: string; readonly message: string } {
    const { code, status: parserStatus } = error as { readonly code?: unknown; readonly status?: unknown };
    if (error instanceof HttpException) {
      const status = error.getStatus();
      return { status, code: REFUSALS[status] ?? 'request.invalid', message: messageOf(error) };
    }
    if (error instanceof Error && typeof code === 'string' && !code.startsWith('E')) {
      const status = STATUSES[code] ?? STATUSES[code.split('.')[0] ?? ''];
      if (status !== undefined) return { status, code, message: error.message };
    }
    // The body parser's errors: malformed JSON, a body above the limit.
    if (error instanceof Error && typeof parserStatus === 'number' && parserStatus < 500) {
      return { status: parserStatus, code: REFUSALS[parserStatus] ?? 'request.invalid', message: error.message };
    }
    // Whoever walks through a body that is nested thousands deep runs out of stack.
    if ((error as { readonly name?: unknown }).name === 'RangeError')
      return { status: 400, code: 'request.invalid', message: 'nested too deeply' };
    this.#log.error(error instanceof Error ? error : String(error));
    return { status: 500, code: 'coordinator.unexpected', message: 'The coordinator failed; its log says why.' };
  }
}

function messageOf(error: HttpException): string {
  const body = error.getResponse();
  const { message } = typeof body === 'string' ? { message: body } : (body as { message?: unknown });
  return Array.isArray(message) ? message.join('\n') : typeof message === 'string' ? message : error.message;
}
