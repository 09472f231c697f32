#!/usr/bin/env node
import { existsSync } from 'node:fs';

const [major] = process.versions.node.split('.').map(Number);
if (major < 24) {
  process.stderr.write(
    `airtune runs on Node 24 or newer, and this is ${process.version}: call it as \`npx airtune\`, which uses the Node that \`npm ci\` put beside the project.\n`,
  );
  process.exit(2);
}
const entry = new URL('../dist/apps/cli/main.js', import.meta.url);
if (!existsSync(entry)) {
  process.stderr.write('airtune is not built yet: run `npm ci` (or `npm run build`) in its folder.\n');
  process.exit(2);
}
await import(entry);
