import { randomBytes } from 'node:crypto';
import { experimentSpec, type BaseModel, type ExperimentSpec } from '#contracts';
import { CliError } from '../cli-error.ts';
import { describeBase } from './describe-base.ts';
import { readExperimentSpec } from './read-experiment-spec.ts';

/** What is submitted: a new experiment of a spec. */
export interface PreparedRun {
  readonly experiment: string;
  readonly spec: ExperimentSpec;
  readonly base: BaseModel;
  readonly initialShared: Uint8Array;
}

/** Reads a spec with what the command line changes of it, describes its base model and names the experiment. */
export async function prepareRun(
  file: string,
  options: { readonly seed?: number; readonly rounds?: number },
): Promise<PreparedRun> {
  const written = await readExperimentSpec(file);
  const spec = { ...written, seed: options.seed ?? written.seed, rounds: options.rounds ?? written.rounds };
  if (!experimentSpec.shape.rounds.safeParse(spec.rounds).success) {
    throw new CliError('spec.invalid', `--rounds: ${spec.rounds} is not between 1 and 100,000`);
  }
  const { base, initialShared } = await describeBase(spec);
  return { experiment: `${spec.name}-${randomBytes(3).toString('hex')}`, spec, base, initialShared };
}
