import type { RewardCard, Score } from '../model/reward-model.ts';

/** What came of asking a running reward model. */
export type Reply =
  | {
      readonly outcome: 'scored';
      readonly model: string;
      readonly version: string;
      readonly digest: string;
      readonly range: RewardCard['range'];
      readonly scores: readonly Score[];
    }
  | { readonly outcome: 'refused'; readonly why: string }
  | { readonly outcome: 'silent'; readonly why: string };

/** A way to a running reward model: over HTTP, or over events. */
export interface RewardConnection {
  /** What it says of itself. */
  ask(request: string, items: readonly { readonly prompt: string; readonly completion: string }[]): Promise<Reply>;
  /** Sends what breaks the contract: the items are whatever is given. */
  askWrongly(request: string, items: unknown): Promise<Reply>;
  close(): Promise<void>;
}
