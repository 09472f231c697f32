import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Session, type Feed } from '#autograd';
import { loadTokenizer, type Tokenizer } from '#language-models';
import { readRewardFolder, type DescribedReward } from '../folder/read-folder.ts';
import { MODEL_FILE } from '../folder/reward-description.ts';
import { RewardError } from '../reward-error.ts';
import { encodePair, type Completion } from './encode-pair.ts';
import { padSequences, tokenBatches } from './token-batches.ts';

/** A reward folder, opened: its raw scores. `score` blocks its thread: open it in a worker. */
export class ScoreSession {
  readonly description: DescribedReward;
  private readonly session: Session;
  private readonly tokenizer: Tokenizer;

  private constructor(description: DescribedReward, session: Session, tokenizer: Tokenizer) {
    this.description = description;
    this.session = session;
    this.tokenizer = tokenizer;
  }

  /** Throws RewardError `reward.folder` or `reward.digest`, ModelError `tokenizer.*`, GraphError when ONNX Runtime refuses the model. */
  static async open(dir: string, threads = 1): Promise<ScoreSession> {
    const description = await readRewardFolder(dir);
    const tokenizer = await loadTokenizer(dir);
    const bytes = await readFile(join(dir, MODEL_FILE));
    const session = await Session.open({ bytes, weights: [], nodes: [] }, { threads });
    if (session.outputNames.includes(description.onnx.score)) return new ScoreSession(description, session, tokenizer);
    await session.close();
    throw new RewardError(
      'reward.folder',
      `${join(dir, MODEL_FILE)} has no output "${description.onnx.score}" but ${session.outputNames.join(', ')}: name it in onnx.score of reward.json.`,
    );
  }

  /**
   * One raw score a completion, in their order. Batches hold `mostTokens` tokens; `beforeBatch` may throw to give up. A
   * score is the same within float32 rounding whatever it is batched with, and the same bits for the same list.
   */
  async score(
    completions: readonly Completion[],
    options: { readonly mostTokens?: number; readonly beforeBatch?: () => void } = {},
  ): Promise<number[]> {
    const sequences = completions.map((completion) => encodePair(this.tokenizer, completion, this.description.input));
    const scores = new Array<number>(completions.length).fill(NaN);
    for (const batch of tokenBatches(
      sequences.map(({ length }) => length),
      options.mostTokens,
    )) {
      options.beforeBatch?.();
      const values = await this.run(batch.map((at) => sequences[at] ?? []));
      batch.forEach((at, row) => {
        scores[at] = values[row] ?? NaN;
      });
    }
    return scores;
  }

  close(): Promise<void> {
    return this.session.close();
  }

  private async run(sequences: readonly (readonly number[])[]): Promise<Float32Array> {
    const { onnx, input } = this.description;
    const { shape, ids, mask } = padSequences(sequences, input.padTokenId ?? this.tokenizer.padTokenId);
    const feeds: Record<string, Feed> = {
      [onnx.ids]: { type: 'int64', shape, data: ids },
      [onnx.mask]: { type: 'int64', shape, data: mask },
    };
    if (onnx.tokenTypes !== undefined)
      feeds[onnx.tokenTypes] = { type: 'int64', shape, data: new BigInt64Array(ids.length) };
    const output = (await this.session.run(feeds, [onnx.score]))[onnx.score]?.data;
    if (output instanceof Float32Array && output.length === sequences.length) return output;
    throw new RewardError(
      'reward.folder',
      `${MODEL_FILE} gives ${output?.length ?? 0} numbers for ${sequences.length} sequences; ${onnx.score} must be float32 [batch] or [batch, 1].`,
    );
  }
}
