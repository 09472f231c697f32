import type { Commands, RunOptions } from '../program.ts';
import { readCommandSettings, type Settings } from '../settings.ts';
import { exportModel } from './export-model.ts';
import type { GenerateOptions } from '../program-generate.ts';
import { generate } from './generate.ts';
import { list } from './list-experiments.ts';
import { predict } from './predict.ts';
import { pretrain } from './pretrain.ts';
import { AirtuneRewardCommands } from './reward/reward-commands.ts';
import { resumeExperiment, runExperiment } from './run-experiment.ts';
import { show } from './show-experiment.ts';
import { tune } from './tune.ts';

/** The commands as they run in a process: its environment, its streams, its signals, its exit code. */
export class AirtuneCommands implements Commands {
  readonly reward: AirtuneRewardCommands;
  private readonly process: NodeJS.Process;

  constructor(process: NodeJS.Process) {
    this.process = process;
    this.reward = new AirtuneRewardCommands(process);
  }

  run(spec: string, options: RunOptions): Promise<void> {
    return runExperiment(spec, options, this.settings(), this.process);
  }

  resume(experiment: string | undefined, options: { readonly json: boolean }): Promise<void> {
    return resumeExperiment(experiment, options, this.settings(), this.process);
  }

  list(options: { readonly json: boolean }): Promise<void> {
    return list(options, this.settings(), this.process);
  }

  show(experiment: string, options: { readonly json: boolean }): Promise<void> {
    return show(experiment, options, this.settings(), this.process);
  }

  export(experiment: string, options: { client: string; out: string; force: boolean }): Promise<void> {
    return exportModel(experiment, options, this.settings(), this.process);
  }

  predict(folder: string, texts: readonly string[], options: { readonly json: boolean }): Promise<void> {
    return predict(folder, texts, options, this.process);
  }

  pretrain(spec: string, options: { readonly json: boolean }): Promise<void> {
    return pretrain(spec, options, this.settings(), this.process);
  }

  tune(spec: string, options: { readonly json: boolean }): Promise<void> {
    return tune(spec, options, this.settings(), this.process);
  }

  generate(folder: string, instruction: string, options: GenerateOptions): Promise<void> {
    return generate(folder, instruction, options, this.settings(), this.process);
  }

  private settings(): Settings {
    return readCommandSettings(this.process.env);
  }
}
