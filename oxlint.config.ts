import { defineConfig, type OxlintOverride } from 'oxlint'
import { deterministicRooms, platformRooms, rooms } from './scripts/rooms.ts'

// Anything but a relative path or `node:…`; the linter's regular expressions have no look-ahead.
const allButNode = '^([@a-mo-z]|n([^o]|o[^d]|od[^e]|ode[^:]))'

const tests = ['**/*.test.ts', '**/*.suite.ts']

/** One room's imports: its friends by relative path, Node's modules only where there is a platform, never a package. */
function walls(room: string, friends: readonly string[]): OxlintOverride {
  const strangers = Object.keys(rooms).filter((other) => other !== room && !friends.includes(other))
  const outside = platformRooms.includes(room) ? allButNode : '^[@a-z]'
  const patterns = [
    {
      regex: `^(\\.\\./)+(${strangers.join('|')})/`,
      message: `The room '${room}' may import only: ${friends.join(', ') || 'nothing'} (scripts/rooms.ts).`,
    },
    { regex: outside, message: `The room '${room}' imports nothing from outside the package (scripts/rooms.ts).` },
  ]
  return {
    files: [`packages/synod/src/${room}/**/*.ts`],
    excludeFiles: ['**/*.test.ts'],
    rules: { 'no-restricted-imports': ['error', { patterns }] },
  }
}

// ECMAScript leaves the results of these to the implementation: two engines may differ in the last bit.
const inexact = [
  'acos',
  'acosh',
  'asin',
  'asinh',
  'atan',
  'atan2',
  'atanh',
  'cbrt',
  'cos',
  'cosh',
  'exp',
  'expm1',
  'hypot',
  'log',
  'log10',
  'log1p',
  'log2',
  'pow',
  'sin',
  'sinh',
  'tan',
  'tanh',
]
const because = 'A deterministic room gives the same outputs for the same inputs, on every platform.'

const deterministic: OxlintOverride = {
  files: deterministicRooms.map((room) => `packages/synod/src/${room}/**/*.ts`),
  excludeFiles: ['**/*.test.ts'],
  rules: {
    'no-restricted-globals': [
      'error',
      ...[
        'Date',
        'Promise',
        'Intl',
        'performance',
        'crypto',
        'setTimeout',
        'setInterval',
        'setImmediate',
        'queueMicrotask',
        'process',
        'Buffer',
        'fetch',
        'WeakRef',
        'FinalizationRegistry',
      ].map((name) => ({ name, message: because })),
    ],
    'no-restricted-properties': [
      'error',
      ...['random', ...inexact].map((property) => ({ object: 'Math', property, message: because })),
      ...['localeCompare', 'toLocaleString', 'toLocaleUpperCase', 'toLocaleLowerCase', 'stack'].map((property) => ({
        property,
        message: because,
      })),
    ],
  },
}

/** What stands outside the library uses it as everybody does: by its public names. */
const outsiders: OxlintOverride = {
  files: ['packages/server/**/*.ts', 'bench/**/*.ts', 'examples/**/*.ts'],
  rules: {
    'no-restricted-imports': [
      'error',
      {
        patterns: [
          {
            regex: '^(\\.\\./)+(packages|synod|server|bench|examples)/',
            message: "Import a package by its name, such as 'synod/raft'.",
          },
        ],
      },
    ],
  },
}

export default defineConfig({
  plugins: ['typescript', 'unicorn', 'oxc', 'import', 'promise', 'node', 'vitest'],
  categories: { correctness: 'error', suspicious: 'error', perf: 'error' },
  options: { typeAware: true },
  ignorePatterns: ['**/testdata/**', 'packages/server/protos/**'],
  rules: {
    'typescript/no-floating-promises': 'error',
    'typescript/no-misused-promises': 'error',
    'typescript/switch-exhaustiveness-check': 'error',
    'typescript/strict-boolean-expressions': 'error',
    'typescript/consistent-type-imports': 'error',
    'typescript/no-explicit-any': 'error',
    'typescript/no-non-null-assertion': 'error',
    'import/no-cycle': 'error',
    'import/no-default-export': 'error',
    'no-console': 'error',
    'max-lines': ['error', { max: 500 }],
    'max-lines-per-function': ['error', { max: 70, skipBlankLines: true, skipComments: true }],
    'unicorn/filename-case': ['error', { case: 'kebabCase' }],
    eqeqeq: 'error',
    // Steps that wait for each other are the point of most of our loops.
    'no-await-in-loop': 'off',
    // Narrowing what crossed a border (an errno, a parsed file) is written as an assertion beside its check.
    'typescript/no-unsafe-type-assertion': 'off',
    // Packages that export one thing under two names.
    'import/no-named-as-default-member': 'off',
    // The compiler's noImplicitReturns understands exhaustive switches, this rule does not.
    'typescript/consistent-return': 'off',
    'consistent-return': 'off',
    // It does not see that a call in the loop changes what a property holds.
    'no-unmodified-loop-condition': 'off',
    // A function that serves one other function may stand inside it.
    'unicorn/consistent-function-scoping': 'off',
    'vitest/no-conditional-expect': 'off',
    'vitest/valid-expect': ['error', { maxArgs: 2 }],
    'vitest/valid-title': ['error', { allowArguments: true }],
    'vitest/expect-expect': ['error', { assertFunctionNames: ['expect', 'expect*', 'assert*', 'fc.assert'] }],
  },
  overrides: [
    ...Object.entries(rooms).map(([room, friends]) => walls(room, friends)),
    deterministic,
    outsiders,
    { files: tests, rules: { 'max-lines-per-function': 'off', 'no-shadow': 'off' } },
    { files: ['*.config.ts', 'scripts/tally.ts'], rules: { 'import/no-default-export': 'off' } },
    {
      files: ['scripts/**', 'bench/**', 'examples/**', 'packages/server/src/cli/**', 'vitest.config.ts'],
      rules: { 'no-console': 'off' },
    },
  ],
})
