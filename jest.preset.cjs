const path = require('node:path');

/** Every package's test settings: sources, not builds, so a test never runs against a stale dist. */
const doors = {
  '^@espalier/core$': 'packages/core/src/index.ts',
  '^@espalier/core/compression$': 'packages/core/src/doors/compression.ts',
  '^@espalier/core/formats$': 'packages/core/src/doors/formats.ts',
  '^@espalier/core/methods$': 'packages/core/src/doors/methods.ts',
  '^@espalier/core/protocol$': 'packages/core/src/doors/protocol.ts',
  '^@espalier/core/report$': 'packages/core/src/doors/report.ts',
  '^@espalier/core/round$': 'packages/core/src/doors/round.ts',
  '^@espalier/core/testing$': 'packages/core/src/testing/index.ts',
  '^@espalier/proto$': 'proto/src/index.ts',
  '^@espalier/proto/testing$': 'proto/src/testing/index.ts',
  '^@espalier/engine$': 'packages/engine/src/index.ts',
  '^@espalier/client$': 'packages/client/src/index.ts',
  '^@espalier/client/data-formats$': 'packages/client/src/data-formats/index.ts',
  '^@espalier/client/remote$': 'packages/client/src/remote/index.ts',
  '^@espalier/client/tfjs$': 'packages/client/src/tfjs/index.ts',
  '^@espalier/client-node$': 'packages/client-node/src/index.ts',
  '^@espalier/disk$': 'packages/disk/src/index.ts',
  '^@espalier/server$': 'packages/server/src/index.ts',
  '^@espalier/server/coordinator$': 'packages/server/src/coordinator/index.ts',
  '^@espalier/server/testing$': 'packages/server/src/testing/index.ts',
  '^@espalier/simulation$': 'packages/simulation/src/index.ts',
};

module.exports = (rootDir) => ({
  rootDir,
  testEnvironment: 'node',
  testMatch: ['<rootDir>/src/**/*.test.ts'],
  transform: {
    '^.+\\.(t|j|mj)s$': [
      require.resolve('@swc/jest'),
      {
        jsc: { target: 'es2022', parser: { syntax: 'typescript' } },
        module: { type: 'commonjs' },
        sourceMaps: 'inline',
      },
    ],
  },
  transformIgnorePatterns: ['/node_modules/', '/dist/'],
  moduleNameMapper: {
    ...Object.fromEntries(Object.entries(doors).map(([door, file]) => [door, path.join(__dirname, file)])),
    '^(\\.{1,2}/.*)\\.js$': '$1',
  },
  testTimeout: 60000,
});
