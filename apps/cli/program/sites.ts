import type { Command } from 'commander';
import { coordinatorOption, examples, type OutputOptions, type ServiceOption } from './options.ts';

export interface SiteToAdd extends ServiceOption {
  readonly name: string;
  readonly key: string;
}

export interface SiteCommands {
  addSite(site: SiteToAdd): Promise<void>;
  listSites(options: OutputOptions): Promise<void>;
  showSiteKey(options: { readonly site: string }): Promise<void>;
}

/** `airtune site …`. */
export function addSites(program: Command, commands: SiteCommands): void {
  const site = program.command('site').description('sites: who they are and which may enrol clients');
  site
    .command('add')
    .description('let a site in, under its public key, before it enrols a client')
    .argument('<name>', 'as its site file has it')
    .requiredOption('--key <key>', 'what `airtune site show-key` prints at the site')
    .addOption(coordinatorOption())
    .addHelpText('after', examples('airtune site add north --key 2JzU3dKcFmZ0f0xkJ3yYp8k5b2m1n0o9q8r7s6t5u4v'))
    .action((name: string, options: ServiceOption & { key: string }) => commands.addSite({ name, ...options }));
  site
    .command('list')
    .description('list the sites that are let in')
    .option('--json', 'one JSON object a line', false)
    .addOption(coordinatorOption())
    .addHelpText('after', examples('airtune site list'))
    .action((options: OutputOptions) => commands.listSites(options));
  site
    .command('show-key')
    .description("print this site's public key; its key pair is made at the first use")
    .option('--site <name>', 'which site of this work folder', 'local')
    .addHelpText('after', examples('airtune site show-key --site north'))
    .action((options: { site: string }) => commands.showSiteKey(options));
}
