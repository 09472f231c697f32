import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { evaluatedArm, rolloutMeasure, type Score } from '#contracts';
import { z } from 'zod';
import { absent } from './absent.ts';
import { forgetRoundsBefore, roundFolder, storedRounds, writeRoundFolder } from './round-folders.ts';
import { TrainerError } from './trainer-error.ts';

const digest = z.templateLiteral(['sha256:', z.string()]);
const score = z.strictObject({ correct: z.int(), examples: z.int(), accuracy: z.number(), loss: z.number() });
const evaluation = z.strictObject({
  arm: evaluatedArm,
  sharedDigest: digest,
  personalDigest: digest,
  personal: score.optional(),
  general: score.optional(),
  reward: z
    .strictObject({
      completions: z.int(),
      emptyCompletions: z.int(),
      weighted: z.number(),
      mean: z.number(),
      components: z.record(z.string(), z.number()),
      each: z.array(z.number()).optional(),
    })
    .optional(),
  unmeasured: z.string().optional(),
  tuning: rolloutMeasure.optional(),
  untuned: z.string().optional(),
});
const answerSchema = z.strictObject({
  round: z.int().min(1),
  /** The global model that was asked about; null when it never arrived. */
  answers: digest.nullable(),
  evaluations: z.array(evaluation),
  /** Which of its profiles the client answered by; without it the first. */
  profile: z.int().min(1).optional(),
  upload: z
    .strictObject({
      blob: z.strictObject({ digest, bytes: z.int() }),
      examples: z.int(),
      /** The last head of the ledger that the site had seen. */
      head: digest.nullable(),
      training: z.strictObject({
        steps: z.int(),
        firstLoss: z.number(),
        lastLoss: z.number(),
        meanLoss: z.number(),
        rollouts: rolloutMeasure.optional(),
      }),
    })
    .optional(),
  withheld: z
    .strictObject({
      reason: z.enum(['loss-not-finite', 'kl-limit', 'rewards-missing', 'training-failed']),
      message: z.string(),
    })
    .optional(),
  /** Steps that the kept moments have seen, by arm. */
  momentSteps: z.partialRecord(evaluatedArm, z.int()).optional(),
});

/** What a client said about one round's download: enough to say it again, word for word. */
export type Answer = z.infer<typeof answerSchema>;
export type ArmEvaluation = Answer['evaluations'][number];
export type ArmName = ArmEvaluation['arm'];

const ARM_FILES = {
  federated: { shared: 'shared.safetensors', personal: 'personal.safetensors', moments: 'moments.safetensors' },
  own: {
    shared: 'own-shared.safetensors',
    personal: 'own-personal.safetensors',
    moments: 'own-moments.safetensors',
  },
  'local-only': {
    shared: 'local-only-shared.safetensors',
    personal: 'local-only-personal.safetensors',
    moments: 'local-only-moments.safetensors',
  },
} as const;
const ANSWER = 'answer.json';
/** What was sent of the shared tensors, where that was not all of them. */
const UPLOAD = 'upload.safetensors';
/** The round that may be asked again, and the one before, from which it would be answered anew. */
const ROUNDS_KEPT = 2;

/** Tensors of one arm of a client, as canonical safetensors. */
export interface ArmTensors {
  readonly shared: Uint8Array;
  readonly personal: Uint8Array;
  readonly moments?: { readonly step: number; readonly averages: Uint8Array };
}

/**
 * A client's own state on disk, a folder a round: what it holds after the round (adapters as it last had them, LoRA, head,
 * the local-only arm, at the end what it tuned for itself) and its answer. A round is there as a whole or not at all, so that a kill at any point loses at most
 * the round under way, which is then answered anew from the round before, to the same bits.
 */
export class ClientState {
  readonly folder: string;

  constructor(folder: string) {
    this.folder = folder;
  }

  /** The answer to a round's download, if it was given. Throws `trainer.state-corrupt`. */
  async answer(round: number): Promise<Answer | undefined> {
    const path = join(roundFolder(this.folder, round), ANSWER);
    const text = await readFile(path, 'utf8').catch(absent);
    if (text === undefined) return undefined;
    try {
      return answerSchema.parse(JSON.parse(text));
    } catch (cause) {
      throw new TrainerError('trainer.state-corrupt', `${path} is damaged; remove the folder and resume.`, { cause });
    }
  }

  /** The latest round before `round` of which there is state; 0 when the client has not begun. */
  async latestBefore(round: number): Promise<number> {
    return (await storedRounds(this.folder)).findLast((stored) => stored < round) ?? 0;
  }

  /** The latest round of all; 0 when the client has not begun. */
  latest(): Promise<number> {
    return this.latestBefore(Infinity);
  }

  /** Digests of what the client sent in its stored rounds, ascending by round. */
  async uploads(): Promise<readonly string[]> {
    const answers = await Promise.all((await storedRounds(this.folder)).map((round) => this.answer(round)));
    return answers.flatMap((answer) => answer?.upload?.blob.digest ?? []);
  }

  /** What an arm held after a round. */
  async tensors(round: number, arm: ArmName): Promise<ArmTensors> {
    const folder = roundFolder(this.folder, round);
    const files = ARM_FILES[arm];
    const [shared, personal] = await Promise.all([
      readBytes(join(folder, files.shared)),
      readBytes(join(folder, files.personal)),
    ]);
    const step = (await this.answer(round))?.momentSteps?.[arm];
    if (step === undefined) return { shared, personal };
    return { shared, personal, moments: { step, averages: await readBytes(join(folder, files.moments)) } };
  }

  /** The bytes that the client sent in a round. */
  async sent(round: number): Promise<Uint8Array> {
    const folder = roundFolder(this.folder, round);
    const part = await readBytes(join(folder, UPLOAD)).catch(absent);
    return part ?? readBytes(join(folder, ARM_FILES.federated.shared));
  }

  /**
   * Stores a round with everything that its arms hold, and removes rounds that can no longer be asked for. `upload` is what
   * was sent, where that was not all of the shared tensors.
   */
  async store(answer: Answer, arms: ReadonlyMap<ArmName, ArmTensors>, upload?: Uint8Array): Promise<void> {
    const files = new Map<string, Uint8Array>();
    if (upload !== undefined) files.set(UPLOAD, upload);
    const momentSteps: Partial<Record<ArmName, number>> = {};
    for (const [arm, { shared, personal, moments }] of arms) {
      files.set(ARM_FILES[arm].shared, shared);
      files.set(ARM_FILES[arm].personal, personal);
      if (moments === undefined) continue;
      files.set(ARM_FILES[arm].moments, moments.averages);
      momentSteps[arm] = moments.step;
    }
    const whole = answerSchema.parse({ ...answer, momentSteps });
    files.set(ANSWER, Buffer.from(`${JSON.stringify(whole, null, 2)}\n`));
    await writeRoundFolder(this.folder, answer.round, files);
    await forgetRoundsBefore(this.folder, answer.round - ROUNDS_KEPT + 1);
  }
}

/** Whole numbers of right answers as the contract has them. */
export function scoreOf({ correct, examples, loss }: Omit<Score, 'accuracy'>): Score {
  return { correct, examples, accuracy: examples === 0 ? 0 : correct / examples, loss };
}

/** A file as bytes in a buffer of their own, which may be handed to a worker. */
async function readBytes(path: string): Promise<Uint8Array> {
  const bytes = await readFile(path);
  return bytes.byteLength === bytes.buffer.byteLength ? new Uint8Array(bytes.buffer) : Uint8Array.from(bytes);
}
