/** The file of a worker's entry beside `importer`: TypeScript when run from source, JavaScript when built. */
export function workerFile(importer: string, name: string): URL {
  return new URL(`./${name}${importer.endsWith('.ts') ? '.ts' : '.js'}`, importer);
}

/** Node's flags for a worker: from source, `#name` imports must resolve to TypeScript files. */
export function workerFlags(importer: string): string[] {
  return importer.endsWith('.ts') ? ['--conditions=airtune-source', '--disable-warning=ExperimentalWarning'] : [];
}
