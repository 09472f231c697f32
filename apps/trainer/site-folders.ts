import { readdir } from 'node:fs/promises';
import { join } from 'node:path';

/** Everything that a site keeps: `<home>/sites/<site>/`. */
export function siteFolder(home: string, site: string): string {
  return join(home, 'sites', site);
}

/** The sites that keep something in a work folder, in ascending order; none where there is no such folder. */
export async function sitesIn(home: string): Promise<string[]> {
  return (await readdir(join(home, 'sites')).catch(() => [])).sort();
}

/** Where a site keeps an experiment: `<home>/sites/<site>/<experiment>/`. Names were checked by their contracts' schemas. */
export function experimentFolder(home: string, site: string, experiment: string): string {
  return join(siteFolder(home, site), experiment);
}

/** A client's state, one folder a round: `…/<client>/round-0001/`. */
export function clientFolder(home: string, site: string, experiment: string, client: string): string {
  return join(experimentFolder(home, site, experiment), 'clients', client);
}

/** Downloads that are still to be answered, one file each. */
export function jobsFolder(home: string, site: string, experiment: string): string {
  return join(experimentFolder(home, site, experiment), 'jobs');
}

/** What reward models were asked and answered, one file each. */
export function scoresFolder(home: string, site: string, experiment: string): string {
  return join(experimentFolder(home, site, experiment), 'scores');
}

/** How its clients tune once that was changed, one file a version. */
export function profilesFolder(home: string, site: string, experiment: string): string {
  return join(experimentFolder(home, site, experiment), 'profiles');
}
