import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Command } from 'commander'
import { describe, expect, onTestFinished, test } from 'vitest'
import { parseAllDocuments } from 'yaml'
import { resolveConfig, startSettings } from './config.ts'
import type { ServerConfig, StartOptions } from './config.ts'
import { exitCodes } from './exit.ts'
import { addSettings } from './options.ts'

// Goal: what packaging/ starts is what this version understands. Method: the files are read, and their settings are checked as
// `synod start` does; systemd itself looks at the unit where it is installed.

const packaging = join(import.meta.dirname, '../../../../packaging')

function read(name: string): string {
  return readFileSync(join(packaging, name), 'utf8')
}

interface Pod {
  readonly args: readonly string[]
  readonly startupProbe: { readonly httpGet: { readonly path: string } }
  readonly livenessProbe: { readonly httpGet: { readonly path: string } }
  readonly readinessProbe: { readonly httpGet: { readonly path: string } }
}

function container(): Pod {
  const documents = parseAllDocuments(read('kubernetes.yaml')).map((document): unknown => document.toJS())
  const set = documents.find((one) => (one as { kind: string }).kind === 'StatefulSet')
  const { spec } = set as { spec: { template: { spec: { containers: readonly Pod[] } } } }
  const [first] = spec.template.spec.containers
  if (first === undefined) throw new Error('the StatefulSet has no container')
  return first
}

function started(pod: string): ServerConfig {
  const [command, ...args] = container().args.map((arg) => arg.replaceAll('$(POD_NAME)', pod))
  expect(command).toBe('start')
  const start = addSettings(new Command('start'), startSettings).exitOverride()
  return resolveConfig(start.parse(args, { from: 'user' }).opts<StartOptions>())
}

describe('the StatefulSet', () => {
  test('starts three members of one cluster', () => {
    const members = ['synod-0', 'synod-1', 'synod-2'].map(started)
    expect(new Set(members.map(({ cluster }) => cluster.text)).size).toBe(1)
    expect(new Set(members.map(({ self }) => self.node)).size).toBe(3)
    expect(members[1]?.advertisedClientUrls).toEqual(['http://synod-1.synod:2379'])
  })

  test('kills nobody for want of space', () => {
    const { startupProbe, livenessProbe, readinessProbe } = container()
    const paths = [startupProbe, livenessProbe, readinessProbe].map(({ httpGet }) => httpGet.path)
    expect(paths).toEqual(['/livez', '/livez', '/readyz'])
  })
})

describe('the unit', () => {
  const unit = read('synod.service')

  test('is told by the member itself, and does not start again what that cannot mend', () => {
    expect(unit).toContain('Type=notify\n')
    expect(unit).toContain('NotifyAccess=all\n')
    expect(unit).toContain(`RestartPreventExitStatus=${exitCodes.usage}\n`)
  })

  test.skipIf(spawnSync('systemd-analyze', ['--version']).status !== 0)('is sound to systemd', () => {
    const folder = mkdtempSync(join(tmpdir(), 'synod-unit-'))
    onTestFinished(() => rmSync(folder, { recursive: true }))
    const file = join(folder, 'synod.service')
    // The user and the program are those of an installation.
    const installed = unit.replace('/usr/bin/synod', process.execPath).replace(/^(User|Group)=synod$/gm, '$1=root')
    writeFileSync(file, installed)
    const { stderr, status } = spawnSync('systemd-analyze', ['verify', file], { encoding: 'utf8' })
    expect(stderr.split('\n').filter((line) => line.includes('synod.service'))).toEqual([])
    expect(status).toBe(0)
  })
})

test('the container has no rights, and comes from the lock file', () => {
  const file = read('Containerfile')
  expect(file).toMatch(/^USER 65532:65532$/m)
  expect(file).toContain('npm ci --omit=dev')
  expect(file).toMatch(/^VOLUME \/var\/lib\/synod$/m)
  expect(file).toContain('HEALTHCHECK')
})
