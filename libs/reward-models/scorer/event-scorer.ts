import { completionsSubmitted, type completionsRefused, type completionsScored, type DataOf } from '#contracts';
import type { Publisher } from '#events';
import { RewardError } from '../reward-error.ts';
import type { StoredAnswer } from './score-store.ts';
import { StoredScorer, type Question, type StoredScorerOptions } from './stored-scorer.ts';

export interface EventScorerOptions extends StoredScorerOptions {
  readonly publisher: Publisher;
  /** Whose topic the answers come on. */
  readonly site: string;
  /** How long a request is waited for. */
  readonly timeoutMs: number;
}

interface Waiting {
  readonly resolve: (answer: StoredAnswer) => void;
  readonly reject: (error: Error) => void;
}

/**
 * Reward models that are services elsewhere, asked by events. The inbox hands over what it hears and returns at once; whoever
 * scores waits outside of the consumer, no longer than the timeout: an answer that comes later is kept for the next time.
 */
export class EventScorer extends StoredScorer {
  private readonly publisher: Publisher;
  private readonly site: string;
  private readonly timeoutMs: number;
  private readonly waiting = new Map<string, Waiting>();

  constructor(options: EventScorerOptions) {
    super(options);
    this.publisher = options.publisher;
    this.site = options.site;
    this.timeoutMs = options.timeoutMs;
  }

  protected override async ask(question: Question): Promise<StoredAnswer> {
    const { promise, resolve, reject } = Promise.withResolvers<StoredAnswer>();
    this.waiting.set(question.request, { resolve, reject });
    const timer = setTimeout(() => {
      const message = `${question.model} did not answer within ${this.timeoutMs} ms; is its service running?`;
      reject(new RewardError('rewards.timeout', message, { retryable: true }));
    }, this.timeoutMs);
    try {
      const data = { ...question, site: this.site, items: [...question.items] };
      await this.publisher.publish(completionsSubmitted, data, { experiment: this.experiment });
      return await promise;
    } finally {
      clearTimeout(timer);
      this.waiting.delete(question.request);
    }
  }

  /** Takes an answer: keeps it, then hands it to whoever waits. What was never asked from here is passed over. */
  async hearScored(data: DataOf<typeof completionsScored>): Promise<void> {
    const { request, model, version, digest, range, scores } = data;
    if (!(await this.store.wasAsked(request))) return;
    const answer: StoredAnswer = { request, model, version, digest, range, scores };
    if ((await this.store.readAnswer(request)) === undefined) await this.store.writeAnswer(answer);
    this.waiting.get(request)?.resolve(answer);
  }

  /** Takes a refusal: it is not kept, so that asking again may help. */
  hearRefused({ request, model, code, message, retryable }: DataOf<typeof completionsRefused>): void {
    const why = `${model} refuses: ${message} (${code})`;
    this.waiting.get(request)?.reject(new RewardError('rewards.refused', why, { retryable }));
  }
}
