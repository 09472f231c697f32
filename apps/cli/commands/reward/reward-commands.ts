import { EXIT } from '#operations';
import type { CheckArguments, RewardCommands } from '../../program-reward.ts';
import { readCommandSettings } from '../../settings.ts';
import { checkReward } from './check-reward.ts';
import { listRegistry, registerModel, retireModel } from './registry.ts';
import { serveReward, type ServeOptions } from './serve-reward.ts';
import { trainReward } from './train-reward.ts';

/** The commands about reward models as they run in a process. */
export class AirtuneRewardCommands implements RewardCommands {
  private readonly process: NodeJS.Process;

  constructor(process: NodeJS.Process) {
    this.process = process;
  }

  train(spec: string, options: { readonly json: boolean }): Promise<void> {
    return trainReward(spec, options, readCommandSettings(this.process.env), this.process);
  }

  serve(path: string, options: ServeOptions): Promise<void> {
    return serveReward(path, options, this.process);
  }

  list(options: { readonly json: boolean }): Promise<void> {
    return listRegistry(options, readCommandSettings(this.process.env), this.process);
  }

  register(path: string): Promise<void> {
    return registerModel(path, readCommandSettings(this.process.env), this.process);
  }

  retire(name: string): Promise<void> {
    return retireModel(name, readCommandSettings(this.process.env), this.process);
  }

  async check(name: string, { timeout: timeoutMs, ...options }: CheckArguments): Promise<void> {
    const { conforms } = await checkReward(name, { ...options, timeoutMs }, this.process);
    if (!conforms) this.process.exitCode = EXIT.failed;
  }
}
