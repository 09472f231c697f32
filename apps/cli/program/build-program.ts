import { Command } from 'commander';
import { describeSettings, EXIT } from '#operations';
import { commandVariables } from '../settings.ts';
import { addGenerate, type GenerateOptions } from './generate.ts';
import { addHistory, type HistoryCommands } from './history.ts';
import { addModels, type ModelCommands } from './models.ts';
import { addProfiles, type ProfileCommands } from './profiles.ts';
import { addRewards, type RewardCommands } from './rewards.ts';
import { addRuns, type RunCommands } from './runs.ts';
import { addServices, type ServiceCommands } from './services.ts';
import { addSites, type SiteCommands } from './sites.ts';

/** What each command does, so that the command line can be read and tested without doing it. */
export interface Commands extends RunCommands, ServiceCommands, HistoryCommands, ModelCommands, SiteCommands {
  generate(folder: string, instruction: string, options: GenerateOptions): Promise<void>;
  readonly reward: RewardCommands;
  readonly profile: ProfileCommands;
}

const ENDINGS = `
Exit codes: ${EXIT.success} done · ${EXIT.failed} the run failed · ${EXIT.badInput} wrong arguments, spec, model or data · ${EXIT.environment} database, work folder or disk ·
${EXIT.interrupted} Ctrl-C · ${EXIT.terminated} SIGTERM (after these two, \`airtune resume\` goes on)

Environment:
${describeSettings(commandVariables)}`;

/** Airtune's command line. */
export function buildProgram(commands: Commands): Command {
  const program = new Command('airtune')
    .description(
      'Fine-tunes a language model for many clients at once over a wireless network; their data stays with them.',
    )
    .showHelpAfterError('(`airtune --help` lists the commands)')
    .addHelpText('after', ENDINGS);
  addRuns(program, commands);
  addServices(program, commands);
  addHistory(program, commands);
  addModels(program, commands);
  addGenerate(program, (...asked) => commands.generate(...asked));
  addRewards(program, commands.reward);
  addProfiles(program, commands.profile);
  addSites(program, commands);
  return program;
}
