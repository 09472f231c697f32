/** Which clients an experiment has: so many simulated ones, or those that it names. */
export type ClientsSpec = { readonly count: number } | { readonly names: readonly string[] };

/** Their names: of simulated ones client-0, client-1, … in the order of their numbers, of others as the spec has them. */
export function clientNames(clients: ClientsSpec): readonly string[] {
  if ('names' in clients) return clients.names;
  return Array.from({ length: clients.count }, (_, index) => `client-${index}`);
}
