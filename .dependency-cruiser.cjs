/**
 * The direction of imports, as the house is drawn:
 * main, cli → systems, settings, outputs → delivery, dapr, edge, observability → messaging, data → workload → network → platform → imports.
 * @type {import('dependency-cruiser').IConfiguration}
 */
const rooms = [
  ['main', '^main\\.ts$'],
  ['cli', '^src/cli/'],
  ['systems', '^src/systems/'],
  ['settings', '^src/settings/'],
  ['outputs', '^src/outputs/'],
  ['delivery', '^src/delivery/'],
  ['dapr', '^src/dapr/'],
  ['edge', '^src/edge/'],
  ['observability', '^src/observability/'],
  ['delivery', '^src/delivery/'],
  ['messaging', '^src/messaging/'],
  ['data', '^src/data/'],
  ['backup', '^src/backup/'],
  ['workload', '^src/workload/'],
  ['network', '^src/network/'],
  ['platform', '^src/platform/'],
  ['imports', '^imports/'],
];

/** What each room may import, beside itself. */
const allowed = {
  main: ['cli', 'systems', 'settings'],
  cli: ['systems', 'settings', 'outputs', 'delivery', 'workload', 'platform'],
  systems: ['delivery', 'dapr', 'edge', 'observability', 'messaging', 'data', 'workload', 'network', 'platform'],
  settings: [],
  outputs: ['delivery', 'platform'],
  delivery: ['workload', 'network', 'platform', 'imports'],
  dapr: ['messaging', 'data', 'workload', 'network', 'platform', 'imports'],
  observability: ['workload', 'network', 'platform', 'imports'],
  edge: ['workload', 'network', 'platform', 'imports'],
  messaging: ['workload', 'network', 'platform', 'imports'],
  data: ['backup', 'workload', 'network', 'platform', 'imports'],
  backup: ['workload', 'network', 'platform', 'imports'],
  workload: ['network', 'platform', 'imports'],
  network: ['platform', 'imports'],
  platform: ['imports'],
  imports: [],
};

const path = Object.fromEntries(rooms);

module.exports = {
  forbidden: [
    { name: 'no-circular', severity: 'error', from: {}, to: { circular: true } },
    {
      name: 'no-orphans',
      severity: 'error',
      from: { orphan: true, path: '^(src|imports)/', pathNot: '\\.d\\.ts$' },
      to: {},
    },
    {
      name: 'nothing-but-main-and-cli-imports-a-system',
      severity: 'error',
      from: { pathNot: '^(main\\.ts|src/cli/|src/systems/|tools/|test/)' },
      to: { path: path.systems },
    },
    {
      name: 'only-tests-and-tools-import-development-packages',
      severity: 'error',
      from: { path: '^(src|imports)/', pathNot: '^src/cli/' },
      to: { dependencyTypes: ['npm-dev'], dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'examples-import-the-public-face-alone',
      severity: 'error',
      from: { path: '^examples/' },
      to: { path: '^(main\\.ts|src/|imports/|tools/|test/)', pathNot: '^src/index\\.ts$' },
    },
    ...rooms.map(([name, from]) => ({
      name: `${name}-imports-only-what-lies-to-its-right`,
      severity: 'error',
      from: { path: from },
      to: {
        path: '^(main\\.ts|src/|imports/)',
        pathNot: [from, ...allowed[name].map((room) => path[room])],
      },
    })),
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '^((\\.build|dist|coverage)|examples/todo-app)/' },
    tsConfig: { fileName: 'tsconfig.json' },
    tsPreCompilationDeps: true,
  },
};
