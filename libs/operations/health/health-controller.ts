import { Controller, Get, HttpStatus, Res } from '@nestjs/common';
import type { ServerResponse } from 'node:http';
import { z } from 'zod';
import { Health } from './health.ts';

/** The answer of `/health/live`. */
export const liveness = z.strictObject({ status: z.literal('live') });

/** The answer of `/health/ready`. */
export const readiness = z.strictObject({
  status: z.enum(['ready', 'not-ready']),
  missing: z.array(z.strictObject({ what: z.string(), why: z.string() })).readonly(),
});

@Controller('health')
export class HealthController {
  readonly #health: Health;

  constructor(health: Health) {
    this.#health = health;
  }

  /** The process answers. */
  @Get('live')
  live(): z.infer<typeof liveness> {
    return { status: 'live' };
  }

  /** 200 when all that the service needs is there, 503 with what is missing and why otherwise. */
  @Get('ready')
  async ready(@Res({ passthrough: true }) response: ServerResponse): Promise<z.infer<typeof readiness>> {
    const missing = await this.#health.missing();
    if (missing.length > 0) response.statusCode = HttpStatus.SERVICE_UNAVAILABLE;
    return { status: missing.length === 0 ? 'ready' : 'not-ready', missing };
  }
}
