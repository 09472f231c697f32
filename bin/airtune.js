#!/usr/bin/env node
import { existsSync } from 'node:fs';

const [major] = process.versions.node.split('.').map(Number);
if (major < 20) {
  process.stderr.write(`airtune needs Node 20 or newer; this is ${process.version}.\n`);
  process.exit(2);
}
const entry = new URL('../dist/apps/cli/main.js', import.meta.url);
if (!existsSync(entry)) {
  process.stderr.write('airtune is not built yet: run `npm ci` (or `npm run build`) in its folder.\n');
  process.exit(2);
}
await import(entry);
