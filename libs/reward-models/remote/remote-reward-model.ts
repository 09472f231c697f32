import { digestOfJson } from '#ledger';
import { RewardError } from '../reward-error.ts';
import { fillTemplate, type Completion } from '../scoring/encode-pair.ts';
import type { RewardModel } from '../model/reward-model.ts';
import type { RemoteDescription } from './remote-description.ts';

/** A reward model that is an HTTP server elsewhere, asked in batches. Its digest is that of how it is asked: nobody here sees its weights. */
export function remoteRewardModel(description: RemoteDescription): RewardModel {
  const { name, version, range, standardisation, batchSize } = description;
  // What headers hold is secret and decides no score.
  const asked = { ...description, headers: Object.keys(description.headers) };
  return {
    card: { name, version, digest: digestOfJson(asked), kind: 'http', range, standardisation },
    async score(completions) {
      const scores: number[] = [];
      for (let at = 0; at < completions.length; at += batchSize)
        scores.push(...(await askOnce(description, completions.slice(at, at + batchSize))));
      return scores;
    },
    close: () => Promise.resolve(),
  };
}

async function askOnce(description: RemoteDescription, completions: readonly Completion[]): Promise<number[]> {
  const { name, url, ask, template, headers, timeoutMs } = description;
  const lists = {
    texts: completions.map((completion) => fillTemplate(template, completion)),
    prompts: completions.map(({ prompt }) => prompt),
    completions: completions.map(({ completion }) => completion),
  };
  const body =
    ask === 'openrlhf'
      ? { query: lists.texts, prompts: lists.prompts, labels: lists.prompts.map(() => '') }
      : filled(ask.body, lists);
  const answer = await post(url, body, headers, timeoutMs);
  const scores = ask === 'openrlhf' ? [at(answer, ['rewards'])].flat() : [at(answer, ask.scores.split('.'))].flat();
  const numbers = scores.flat().map((score) => (typeof score === 'number' ? score : NaN));
  if (numbers.length === completions.length) return numbers;
  throw new RewardError(
    'reward.answer',
    `${name}: ${url} gave ${numbers.length} scores for ${completions.length} completions; look at \`ask\` in its reward.json.`,
  );
}

async function post(
  url: string,
  body: unknown,
  headers: Readonly<Record<string, string>>,
  timeoutMs: number,
): Promise<unknown> {
  try {
    const response = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify(body),
      signal: AbortSignal.timeout(timeoutMs),
    });
    if (!response.ok) {
      const retryable = response.status >= 500 || response.status === 429;
      const said = (await response.text()).slice(0, 300);
      throw new RewardError('reward.answer', `${url} answers ${response.status}: ${said}`, { retryable });
    }
    return await response.json();
  } catch (cause) {
    if (cause instanceof RewardError) throw cause;
    const why = cause instanceof Error ? (cause.cause instanceof Error ? cause.cause.message : cause.message) : '';
    throw new RewardError('reward.away', `${url} does not answer: ${why}`, { retryable: true, cause });
  }
}

/** Replaces the texts {texts}, {prompts} and {completions}, wherever they stand, by the lists. */
function filled(value: unknown, lists: Readonly<Record<string, readonly string[]>>): unknown {
  if (typeof value === 'string') return lists[/^\{(\w+)\}$/.exec(value)?.[1] ?? ''] ?? value;
  if (Array.isArray(value)) return value.map((item) => filled(item, lists));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, filled(item, lists)]));
}

/** What a path leads to; `*` goes into every item of a list. */
function at(value: unknown, [step, ...rest]: readonly string[]): unknown {
  if (step === undefined) return value;
  if (step === '*') return Array.isArray(value) ? value.map((item) => at(item, rest)) : undefined;
  if (typeof value !== 'object' || value === null) return undefined;
  return at((value as Record<string, unknown>)[step], rest);
}
