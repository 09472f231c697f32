import { writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { asyncApiText } from './asyncapi-text.ts';

/** `npm run asyncapi`: writes the description of everything on the wire to docs/asyncapi.yaml. */
await writeFile(resolve('docs/asyncapi.yaml'), asyncApiText());
