import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Command } from 'commander'
import { describe, expect, onTestFinished, test } from 'vitest'
import { applyConfigFile } from './config-file.ts'
import { startSettings } from './config.ts'
import type { StartOptions } from './config.ts'
import { addEtcdFlags, etcdFlags, takeEtcdFlags } from './etcd-flags.ts'
import { UsageError } from './exit.ts'
import { addSettings } from './options.ts'

// Goal: the same names on the command line, in the environment and in a file, in this order of precedence; and nothing that an
// operator wrote is passed over. Method: the options of `synod start` as commander has them, without starting anything.

/** What `synod start` would be started with. */
function settings({
  file,
  args = [],
  env = {},
}: {
  file?: string
  args?: string[]
  env?: Record<string, string>
}): StartOptions {
  for (const [name, value] of Object.entries(env)) process.env[name] = value
  onTestFinished(() => {
    for (const name of Object.keys(env)) delete process.env[name]
  })
  const command = addEtcdFlags(addSettings(new Command('start'), startSettings)).exitOverride()
  command.configureOutput({ writeErr: () => undefined }).parse(args, { from: 'user' })
  if (file !== undefined) applyConfigFile(command, written(file))
  command.setOptionValue('ignored', takeEtcdFlags(command))
  return command.opts<StartOptions>()
}

function written(text: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'synod-settings-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const file = join(folder, 'synod.yaml')
  writeFileSync(file, text)
  return file
}

function refusal(from: Parameters<typeof settings>[0]): string {
  try {
    settings(from)
  } catch (error) {
    if (error instanceof UsageError) return error.message
    throw error
  }
  return 'accepted'
}

describe('a file of settings', () => {
  test('has the names of the flags, in YAML or in JSON', () => {
    const expected = { name: 'a', heartbeatInterval: 50, strictAdd: true, listenClientUrls: 'http://h:1,http://h:2' }
    const yaml =
      'name: a\nheartbeat-interval: 50\nstrict-add: true\nlisten-client-urls:\n  - http://h:1\n  - http://h:2\n'
    const json = '{"name":"a","heartbeat-interval":50,"strict-add":true,"listen-client-urls":"http://h:1,http://h:2"}'
    expect(settings({ file: yaml })).toMatchObject(expected)
    expect(settings({ file: json })).toMatchObject(expected)
  })

  test('loses to the environment, and that to the command line', () => {
    const file = 'name: file\nelection-timeout: 3000\nheartbeat-interval: 300\nsnapshot-count: 7\n'
    const env = { SYNOD_ELECTION_TIMEOUT: '2000', SYNOD_HEARTBEAT_INTERVAL: '200' }
    const found = settings({ file, env, args: ['--heartbeat-interval', '100'] })
    expect(found).toMatchObject({ name: 'file', electionTimeout: 2000, heartbeatInterval: 100, snapshotCount: 7 })
  })

  test('what equals a default on the command line wins all the same', () => {
    expect(settings({ file: 'name: file\n', args: ['--name', 'default'] }).name).toBe('default')
  })

  test('a text that looks like a number stays as it is written', () => {
    expect(settings({ file: 'initial-cluster-token: 012e3\n' }).initialClusterToken).toBe('012e3')
  })

  test('may be empty', () => {
    expect(settings({ file: '# nothing yet\n' }).name).toBe('default')
  })

  const refused: [string, string][] = [
    ['electoin-timeout: 2000\n', 'electoin-timeout is unknown: did you mean election-timeout?'],
    ['config-file: other.yaml\n', 'config-file is unknown'],
    ['constructor: { name: a }\n', 'constructor: expected a value'],
    ['name: a\nname: b\n', 'unique'],
    ['election-timeout: soon\n', 'election-timeout: "soon": Expected a whole number'],
    ['log-level: loud\n', 'log-level: "loud"'],
    ['strict-add: maybe\n', 'strict-add: "maybe": expected true or false'],
    ['name: {a: b}\n', 'name: expected a value'],
    ['- name\n', 'expected settings'],
    ['name: [a\n', 'line'],
    ['client-transport-security:\n  cert: x\n', 'cert is unknown'],
    ['client-transport-security: x\n', 'client-transport-security: expected settings'],
  ]
  for (const [file, says] of refused) {
    test(`${JSON.stringify(file)} is refused, and says why`, () => {
      expect(refusal({ file })).toContain(says)
    })
  }

  test('that is not there is refused', () => {
    expect(() => applyConfigFile(new Command(), '/nowhere/synod.yaml')).toThrow('cannot be read')
  })
})

describe('the flags of etcd', () => {
  test('another name for one of ours is taken for ours, wherever it stands', () => {
    expect(settings({ args: ['--experimental-max-learners', '3'] }).maxLearners).toBe(3)
    expect(settings({ file: 'warning-unary-request-duration: 300ms\n' }).slowRequestThreshold).toBe(300)
    expect(settings({ env: { SYNOD_EXPERIMENTAL_MAX_LEARNERS: '2' } }).maxLearners).toBe(2)
  })

  test('both names at one place are refused, and the stronger place wins', () => {
    expect(refusal({ args: ['--max-learners', '3', '--experimental-max-learners', '5'] })).toContain('give one of them')
    const file = 'experimental-max-learners: 5\n'
    expect(settings({ file, args: ['--max-learners', '3'] }).maxLearners).toBe(3)
  })

  test('what says how it is anyway is accepted, and the contrary is refused with the reason', () => {
    expect(
      refusal({ args: ['--pre-vote', '--strict-reconfig-check=true', '--enable-v2=false', '--max-txn-ops=128'] }),
    ).toBe('accepted')
    expect(refusal({ args: ['--pre-vote=false'] })).toContain('candidates always ask')
    expect(refusal({ args: ['--max-txn-ops', '500'] })).toContain('128 operations')
  })

  test('what is not there is refused, never swallowed', () => {
    expect(refusal({ args: ['--auto-compaction-retention=1'] })).toContain('not there yet')
    expect(refusal({ file: 'wal-dir: /fast\n' })).toContain('--data-dir')
  })

  test('what tunes nothing here has no effect, and the log says so', () => {
    expect(settings({ args: ['--max-wals', '5'] }).ignored).toEqual([
      expect.stringContaining('--max-wals has no effect'),
    ])
  })

  test('none of them is a setting of ours', () => {
    const ours = new Set(startSettings.map(({ flag }) => flag))
    expect(Object.keys(etcdFlags).filter((flag) => ours.has(flag))).toEqual([])
    expect(Object.keys(etcdFlags).length).toBeGreaterThan(25)
  })
})
