import { stringify } from 'yaml';
import { asyncApiDocument } from './asyncapi-document.ts';

/** docs/asyncapi.yaml as it should read. */
export function asyncApiText(): string {
  const header = '# Written by `npm run asyncapi` from the declarations in libs/contracts; do not edit.\n';
  return header + stringify(asyncApiDocument(), { lineWidth: 0, aliasDuplicateObjects: false });
}
