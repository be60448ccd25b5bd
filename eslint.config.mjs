import nx from '@nx/eslint-plugin';
import prettier from 'eslint-config-prettier';
import importX from 'eslint-plugin-import-x';
import { createTypeScriptImportResolver } from 'eslint-import-resolver-typescript';
import jsdoc from 'eslint-plugin-jsdoc';
import tseslint from 'typescript-eslint';
import { houseRules } from './tools/doc-comment-rule.mjs';

/** The arrow of ARCHITECTURE.md: what each scope may import from this workspace. */
const arrow = {
  core: [],
  disk: ['core'],
  proto: ['core'],
  engine: ['core'],
  client: ['core', 'proto'],
  server: ['core', 'proto', 'disk'],
  'client-node': ['core', 'proto', 'client', 'engine', 'disk'],
  'client-web': ['core', 'proto', 'client', 'engine'],
  simulation: ['core', 'proto', 'disk', 'client', 'engine', 'client-node', 'server'],
  cli: ['core', 'proto', 'disk', 'client', 'engine', 'client-node', 'server', 'simulation'],
  e2e: ['core', 'proto', 'disk', 'client', 'engine', 'client-node', 'server', 'simulation', 'cli'],
};

/** Outside packages that some scopes must never import. */
const banned = {
  core: ['node:*', '@tensorflow/*', 'socket.io*', 'protobufjs*'],
  disk: ['@tensorflow/*', 'socket.io*', 'protobufjs*'],
  proto: ['node:*', '@tensorflow/*', 'socket.io*'],
  engine: ['@tensorflow/*', 'socket.io*', 'protobufjs*'],
  client: ['node:*'],
  server: ['@tensorflow/*', 'socket.io-client'],
};

const depConstraints = Object.entries(arrow).map(([scope, allowed]) => ({
  sourceTag: `scope:${scope}`,
  onlyDependOnLibsWithTags: [`scope:${scope}`, ...allowed.map((name) => `scope:${name}`)],
  ...(banned[scope] ? { bannedExternalImports: banned[scope] } : {}),
}));

/** Tools without types yet; tools/tsconfig.json leaves them out as well. */
const untypedTools = [
  'bench-attacks',
  'bench-moments',
  'bench-tab-memory',
  'bench-tfjs',
  'compress-tables',
].map((name) => `tools/${name}.mjs`);

export default tseslint.config(
  {
    ignores: [
      '**/dist/**',
      '**/gen/**',
      '**/node_modules/**',
      '**/*.cjs',
      '.nx/**',
      'packages/engine/assembly/**',
    ],
  },
  { files: ['**/*.mjs'], plugins: { '@nx': nx } },
  {
    files: ['tools/**/*.mjs'],
    ignores: untypedTools,
    extends: [...tseslint.configs.strictTypeChecked, prettier],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      'max-lines': ['error', { max: 400, skipBlankLines: true, skipComments: true }],
      'max-lines-per-function': ['error', { max: 60, skipBlankLines: true, skipComments: true }],
      'max-params': ['error', 5],
      // It does not see the type that JSDoc gives a variable; no-unsafe-member-access and the like follow its uses.
      '@typescript-eslint/no-unsafe-assignment': 'off',
      '@typescript-eslint/no-unused-vars': ['error', { ignoreRestSiblings: true }],
      '@typescript-eslint/restrict-template-expressions': [
        'error',
        { allowNumber: true, allowBoolean: true },
      ],
    },
  },
  {
    files: ['**/*.ts', '**/*.tsx'],
    extends: [...tseslint.configs.strictTypeChecked, prettier],
    plugins: { '@nx': nx, 'import-x': importX, jsdoc, house: houseRules },
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    settings: {
      'import-x/resolver-next': [
        createTypeScriptImportResolver({
          project: ['packages/*/tsconfig.lib.json', 'proto/tsconfig.lib.json'],
          noWarnOnMultipleProjects: true,
        }),
      ],
    },
    rules: {
      '@nx/enforce-module-boundaries': [
        'error',
        { allow: [], enforceBuildableLibDependency: false, depConstraints },
      ],
      'import-x/no-cycle': 'error',
      'import-x/no-default-export': 'error',
      'max-lines': ['error', { max: 400, skipBlankLines: true, skipComments: true }],
      'max-lines-per-function': ['error', { max: 60, skipBlankLines: true, skipComments: true }],
      'max-params': ['error', 4],
      'house/doc-comment-start': 'error',
      'jsdoc/require-jsdoc': [
        'error',
        {
          publicOnly: true,
          require: { ClassDeclaration: true, FunctionDeclaration: true },
          contexts: ['TSInterfaceDeclaration', 'TSTypeAliasDeclaration'],
        },
      ],
      'no-restricted-imports': [
        'error',
        { patterns: [{ regex: '^@espalier/[a-z-]+/(src|dist)/', message: 'Import a package by its door.' }] },
      ],
      'no-restricted-syntax': [
        'error',
        { selector: 'ExportAllDeclaration', message: 'Name what a door hands out.' },
      ],
      // Numeric loops index typed arrays whose bounds the loop itself guarantees.
      '@typescript-eslint/no-non-null-assertion': 'off',
      // A field named beside a rest is how a copy leaves it out.
      '@typescript-eslint/no-unused-vars': ['error', { ignoreRestSiblings: true }],
      '@typescript-eslint/restrict-template-expressions': [
        'error',
        { allowNumber: true, allowBoolean: true },
      ],
    },
  },
  {
    files: ['**/*.test.ts', '**/testing/**/*.ts', 'e2e/**/*.ts'],
    rules: { 'max-lines-per-function': 'off', 'jsdoc/require-jsdoc': 'off' },
  },
  {
    files: ['packages/core/src/**/*.ts'],
    ignores: ['**/*.test.ts', '**/testing/**'],
    rules: {
      'no-restricted-globals': [
        'error',
        'console',
        'process',
        'performance',
        'setTimeout',
        'fetch',
        'window',
      ],
      'no-restricted-properties': [
        'error',
        { object: 'Math', property: 'random', message: 'Use a keyed randomStream.' },
        { object: 'Date', property: 'now', message: 'Core has no clock; take the time as an argument.' },
      ],
    },
  },
);
