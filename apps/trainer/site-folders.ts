import { join } from 'node:path';

/** Where a site keeps an experiment: `<home>/sites/<site>/<experiment>/`. Names were checked by their contracts' schemas. */
export function experimentFolder(home: string, site: string, experiment: string): string {
  return join(home, 'sites', site, experiment);
}

/** A client's state, one folder a round: `…/<client>/round-0001/`. */
export function clientFolder(home: string, site: string, experiment: string, client: string): string {
  return join(experimentFolder(home, site, experiment), 'clients', client);
}

/** Downloads that are still to be answered, one file each. */
export function jobsFolder(home: string, site: string, experiment: string): string {
  return join(experimentFolder(home, site, experiment), 'jobs');
}
