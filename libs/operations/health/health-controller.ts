import { Controller, Get, HttpStatus, Res } from '@nestjs/common';
import type { ServerResponse } from 'node:http';
import { Health, type Missing } from './health.ts';

interface Readiness {
  readonly status: 'ready' | 'not-ready';
  readonly missing: readonly Missing[];
}

@Controller('health')
export class HealthController {
  readonly #health: Health;

  constructor(health: Health) {
    this.#health = health;
  }

  /** The process answers. */
  @Get('live')
  live(): { readonly status: 'live' } {
    return { status: 'live' };
  }

  /** 200 when all that the service needs is there, 503 with what is missing and why otherwise. */
  @Get('ready')
  async ready(@Res({ passthrough: true }) response: ServerResponse): Promise<Readiness> {
    const missing = await this.#health.missing();
    if (missing.length > 0) response.statusCode = HttpStatus.SERVICE_UNAVAILABLE;
    return { status: missing.length === 0 ? 'ready' : 'not-ready', missing };
  }
}
