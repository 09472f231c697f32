import { EXIT } from '#operations';
import type { CheckArguments, RewardCommands } from '../../program/rewards.ts';
import type { OutputOptions, ServiceOption } from '../../program/options.ts';
import { readCommandSettings } from '../../settings.ts';
import { addressOf } from '../address-of.ts';
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

  list(options: OutputOptions): Promise<void> {
    const settings = readCommandSettings(this.process.env);
    return listRegistry(options, settings, addressOf(options, settings), this.process);
  }

  register(path: string, options: ServiceOption): Promise<void> {
    const settings = readCommandSettings(this.process.env);
    return registerModel(path, settings, addressOf(options, settings), this.process);
  }

  retire(name: string, options: ServiceOption): Promise<void> {
    const settings = readCommandSettings(this.process.env);
    return retireModel(name, settings, addressOf(options, settings), this.process);
  }

  async check(name: string, { timeout: timeoutMs, ...options }: CheckArguments): Promise<void> {
    const { conforms } = await checkReward(name, { ...options, timeoutMs }, this.process);
    if (!conforms) this.process.exitCode = EXIT.failed;
  }
}
