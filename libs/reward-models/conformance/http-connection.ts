import { explainIssues } from '#contracts';
import { scoreAnswer } from '../service/score-exchange.ts';
import type { Reply, RewardConnection } from './reward-connection.ts';

/** A reward model at the URL of a service that answers `POST /score`; `token` is what it wants, if anything. */
export function httpConnection(url: string, timeoutMs: number, token?: string): RewardConnection {
  const send = async (request: string, items: unknown): Promise<Reply> => {
    let response: Response;
    try {
      response = await fetch(new URL('/score', url), {
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
        },
        body: JSON.stringify({ request, items }),
        signal: AbortSignal.timeout(timeoutMs),
      });
    } catch (error) {
      const { message, cause } = error as Error;
      return { outcome: 'silent', why: cause instanceof Error ? cause.message : message };
    }
    const text = await response.text();
    if (!response.ok) return { outcome: 'refused', why: `${response.status} ${text.slice(0, 300)}` };
    return parsed(text);
  };
  return { ask: send, askWrongly: send, close: () => Promise.resolve() };
}

function parsed(text: string): Reply {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return { outcome: 'refused', why: `the answer is not JSON: ${text.slice(0, 100)}` };
  }
  const checked = scoreAnswer.safeParse(json);
  if (!checked.success) return { outcome: 'refused', why: `the answer: ${explainIssues(checked.error).join('; ')}` };
  return { outcome: 'scored', ...checked.data };
}
