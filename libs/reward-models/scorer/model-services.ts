import { completionsSubmitted, type completionsRefused, type DataOf } from '#contracts';
import type { Publisher } from '#events';
import { RewardError } from '../reward-error.ts';
import type { Question, RewardSource } from './reward-source.ts';
import type { StoredAnswer } from './score-store.ts';

export interface ModelServicesOptions {
  readonly experiment: string;
  readonly publisher: Publisher;
  /** Whose topic the answers come on. */
  readonly site: string;
  /** How long an answer is waited for. */
  readonly timeoutMs: number;
}

interface Waiting {
  readonly resolve: (answer: StoredAnswer) => void;
  readonly reject: (error: Error) => void;
}

/**
 * Reward models that are services elsewhere, asked by events. Whoever scores waits here, outside of the consumer, no longer
 * than the timeout; the inbox hands over what it hears and returns at once.
 */
export class ModelServices implements RewardSource {
  private readonly options: ModelServicesOptions;
  private readonly waiting = new Map<string, Waiting>();

  constructor(options: ModelServicesOptions) {
    this.options = options;
  }

  async ask(question: Question): Promise<StoredAnswer> {
    const { experiment, publisher, site, timeoutMs } = this.options;
    const { promise, resolve, reject } = Promise.withResolvers<StoredAnswer>();
    // Rejected before anybody waits for it, when the publisher takes longer than the timeout.
    promise.catch(() => undefined);
    this.waiting.set(question.request, { resolve, reject });
    const timer = setTimeout(() => {
      const message = `${question.model} did not answer within ${timeoutMs} ms; is its service running?`;
      reject(new RewardError('rewards.timeout', message, { retryable: true }));
    }, timeoutMs);
    try {
      await publisher.publish(completionsSubmitted, { ...question, site, items: [...question.items] }, { experiment });
      return await promise;
    } finally {
      clearTimeout(timer);
      this.waiting.delete(question.request);
    }
  }

  /** Hands an answer that is stored to whoever waits for it. */
  hear(answer: StoredAnswer): void {
    this.waiting.get(answer.request)?.resolve(answer);
  }

  /** Takes a refusal: it is not kept, so that asking again may help. */
  hearRefused({ request, model, code, message, retryable }: DataOf<typeof completionsRefused>): void {
    const why = `${model} refuses: ${message} (${code})`;
    this.waiting.get(request)?.reject(new RewardError('rewards.refused', why, { retryable }));
  }

  /** Gives up what is waited for: the site closes the experiment. */
  close(): void {
    for (const { reject } of this.waiting.values())
      reject(new RewardError('rewards.closed', 'The experiment was closed.', { retryable: true }));
  }
}
