import type { Instruction } from '#datasets';
import type { BasePrecision, GenerationSettings } from '#language-models';
import type { JobFailure } from '../workers/job-failure.ts';

/** What a decoder is asked: an instruction, in the project's template, or a text that it goes on with. */
export type TextPrompt = Pick<Instruction, 'instruction' | 'input'> | { readonly text: string };

/** What the worker is started with; `stop` is one int32 that becomes 1 when it is to stop. */
export interface GenerationOrder {
  readonly folder: string;
  readonly prompt: TextPrompt;
  readonly settings: GenerationSettings;
  readonly seed: number;
  readonly threads: number;
  /** Of the base; default is what an exported folder says, else fp32. int8 has as many bits as the processor computes exactly. */
  readonly precision?: 'fp32' | 'int8' | undefined;
  readonly stop: Int32Array;
}

export interface GeneratedText {
  readonly text: string;
  readonly promptTokens: number;
  readonly newTokens: number;
  /** `end`: the model ended it; `length`: there were no more tokens to draw; `stopped`: it was asked to. */
  readonly reason: 'end' | 'length' | 'stopped';
  /** What the base was computed in. */
  readonly precision: BasePrecision;
}

/** What the worker says: perhaps a note, pieces of text, then one of the others. */
export type GenerationMessage =
  | { readonly note: string }
  | { readonly piece: string }
  | { readonly generated: GeneratedText }
  | { readonly failure: JobFailure };
