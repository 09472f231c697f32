import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import {
  type CanActivate,
  type ExecutionContext,
  ForbiddenException,
  Injectable,
  UnauthorizedException,
} from '@nestjs/common';
import { isLoopback } from '../settings/loopback.ts';

/** Who may use a service's HTTP border: without a token only this machine. */
@Injectable()
export class RestAccess {
  readonly token: string | undefined;

  constructor(token: string | undefined) {
    this.token = token;
  }
}

/**
 * Lets a request in with `Authorization: Bearer <token>`, compared in constant time. Where no token is set, a
 * request must have come to a loopback address and name it so: a web page that points a name of its own at 127.0.0.1 is refused.
 */
@Injectable()
export class RequireToken implements CanActivate {
  readonly #access: RestAccess;

  constructor(access: RestAccess) {
    this.#access = access;
  }

  canActivate(context: ExecutionContext): boolean {
    const { headers, socket } = context.switchToHttp().getRequest<IncomingMessage>();
    const { token } = this.#access;
    if (token === undefined) {
      const origin = headers.origin === undefined ? undefined : hostOf(headers.origin);
      const here = isLoopback((socket.localAddress ?? '').replace(/^::ffff:/, ''));
      if (here && isLoopback(hostOf(`http://${headers.host ?? ''}`)) && (origin === undefined || isLoopback(origin)))
        return true;
      throw new ForbiddenException('Without AIRTUNE_TOKEN this service answers only at a loopback address.');
    }
    const [scheme, given = ''] = (headers.authorization ?? '').split(' ');
    if (scheme?.toLowerCase() === 'bearer' && sameText(given, token)) return true;
    throw new UnauthorizedException('This service wants `Authorization: Bearer <token>`, the token of AIRTUNE_TOKEN.');
  }
}

function hostOf(url: string): string {
  return URL.canParse(url) ? new URL(url).hostname : '';
}

/** Digests have one length, so that neither length nor content shows in the time. */
function sameText(given: string, expected: string): boolean {
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(given), digest(expected));
}
