import { EXIT } from '#operations';
import { CliError } from '../cli-error.ts';
import type { AuditOptions, ShowOptions } from '../program/history.ts';
import type { Commands } from '../program/build-program.ts';
import type { ExportOptions } from '../program/models.ts';
import type { OutputOptions, ServiceOption } from '../program/options.ts';
import type { RunOptions } from '../program/runs.ts';
import type { SiteToAdd } from '../program/sites.ts';
import type { ProfileCommands } from '../program/profiles.ts';
import type { CoordinatorAddress } from '../remote/coordinator-client.ts';
import { readCommandSettings, type Settings } from '../settings.ts';
import { addressOf } from './address-of.ts';
import { audit } from './audit-experiment.ts';
import { exportModel } from './export-model.ts';
import type { GenerateOptions } from '../program/generate.ts';
import { generate } from './generate.ts';
import { list } from './list-experiments.ts';
import { predict } from './predict.ts';
import { quantise } from './quantise.ts';
import { pretrain } from './pretrain.ts';
import { setProfile, showProfiles } from './profiles.ts';
import { AirtuneRewardCommands } from './reward/reward-commands.ts';
import {
  cancelAtCoordinator,
  followAtCoordinator,
  resumeAtCoordinator,
  runAtCoordinator,
} from './run-at-coordinator.ts';
import { resumeExperiment, runExperiment } from './run-experiment.ts';
import { listDeadLetters, retryDeadLetters } from './dead-letters.ts';
import { down } from './down.ts';
import { showCompletions } from './show-completions.ts';
import { show } from './show-experiment.ts';
import { tune } from './tune.ts';
import { letSiteIn, showSiteKey, showSites } from './sites.ts';
import { status } from './status.ts';
import { up } from './up.ts';
import type { UpOptions } from '../up/start-services.ts';

/** The commands as they run in a process: its environment, its streams, its signals, its exit code. */
export class AirtuneCommands implements Commands {
  readonly reward: AirtuneRewardCommands;
  readonly profile: ProfileCommands = {
    show: (experiment, options) => {
      const settings = this.settings();
      return showProfiles(experiment, options, settings, addressOf(options, settings), this.process);
    },
    set: async (experiment, client, options) => {
      await setProfile(experiment, client, options, requiredAddress(options, this.settings()), this.process);
    },
  };
  private readonly process: NodeJS.Process;

  constructor(process: NodeJS.Process) {
    this.process = process;
    this.reward = new AirtuneRewardCommands(process);
  }

  run(spec: string, options: RunOptions): Promise<void> {
    const settings = this.settings();
    const coordinator = addressOf(options, settings);
    if (coordinator !== undefined) return runAtCoordinator(spec, options, coordinator, this.process);
    return runExperiment(spec, options, settings, this.process);
  }

  resume(experiment: string | undefined, options: OutputOptions): Promise<void> {
    const settings = this.settings();
    const coordinator = addressOf(options, settings);
    if (coordinator !== undefined) return resumeAtCoordinator(experiment, options, coordinator, this.process);
    return resumeExperiment(experiment, options, settings, this.process);
  }

  async follow(experiment: string, options: OutputOptions): Promise<void> {
    await followAtCoordinator(experiment, options, requiredAddress(options, this.settings()), this.process);
  }

  async cancel(experiment: string, options: ServiceOption): Promise<void> {
    await cancelAtCoordinator(experiment, requiredAddress(options, this.settings()), this.process);
  }

  async up(options: UpOptions & { readonly json: boolean }): Promise<void> {
    if (options.sites < 1 || options.sites > 100 || options.port > 65_535)
      throw new CliError('settings.invalid', '--sites: from 1 to 100; --port: at most 65535');
    await up(options, this.settings(), this.process);
  }

  async status(options: { readonly json: boolean }): Promise<void> {
    this.process.exitCode = await status(options, this.settings(), this.process);
  }

  async down(): Promise<void> {
    this.process.exitCode = await down(this.settings(), this.process);
  }

  async listDeadLetters(options: OutputOptions & { readonly all: boolean }): Promise<void> {
    await listDeadLetters(options, requiredAddress(options, this.settings()), this.process);
  }

  async retryDeadLetters(ids: readonly number[], options: ServiceOption): Promise<void> {
    await retryDeadLetters(ids, requiredAddress(options, this.settings()), this.process);
  }

  list(options: OutputOptions): Promise<void> {
    const settings = this.settings();
    return list(options, settings, addressOf(options, settings), this.process);
  }

  async show(experiment: string, options: ShowOptions): Promise<void> {
    const settings = this.settings();
    if (options.completions) {
      const proved = await showCompletions(experiment, options, settings, addressOf(options, settings), this.process);
      if (!proved) this.process.exitCode = EXIT.failed;
      return;
    }
    if (options.client !== undefined || options.round !== undefined)
      throw new CliError('settings.show', '--client and --round say which completions: add --completions.');
    await show(experiment, options, settings, addressOf(options, settings), this.process);
  }

  async audit(experiment: string, options: AuditOptions): Promise<void> {
    const settings = this.settings();
    const intact = await audit(experiment, options, settings, addressOf(options, settings), this.process);
    if (!intact) this.process.exitCode = EXIT.failed;
  }

  addSite(site: SiteToAdd): Promise<void> {
    const settings = this.settings();
    return letSiteIn(site, settings, addressOf(site, settings), this.process);
  }

  listSites(options: OutputOptions): Promise<void> {
    const settings = this.settings();
    return showSites(options, settings, addressOf(options, settings), this.process);
  }

  showSiteKey({ site }: { readonly site: string }): Promise<void> {
    return showSiteKey(site, this.settings(), this.process);
  }

  export(experiment: string, options: ExportOptions): Promise<void> {
    const settings = this.settings();
    return exportModel(experiment, options, settings, addressOf(options, settings), this.process);
  }

  quantise(folder: string, options: { readonly text?: string; readonly json: boolean }): Promise<void> {
    return quantise(folder, options, this.process);
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

function requiredAddress(options: ServiceOption, settings: Settings): CoordinatorAddress {
  const address = addressOf(options, settings);
  if (address !== undefined) return address;
  throw new CliError('settings.invalid', 'name the services by --coordinator URL, or AIRTUNE_COORDINATOR');
}
