import type { ClientOptions } from '../client.ts'
import type { StartOptions } from '../config.ts'
import { exitCodes } from '../exit.ts'
import { printJson, printLine } from '../output.ts'
import { checkCertificates, checkKey } from './certificates.ts'
import { checkCluster } from './cluster.ts'
import type { Finding } from './finding.ts'
import { checkMachine } from './machine.ts'

export interface DoctorOptions extends StartOptions, ClientOptions {
  /** Files to look at, beside those that the settings name. */
  readonly certificates?: string
}

/** What was asked about, by flag, environment or file. */
export interface Asked {
  readonly machine: boolean
  readonly cluster: boolean
  /** Settings whose value is a file of certificates: flag and file. */
  readonly certificates: readonly (readonly [string, string])[]
  /** The same of private keys. */
  readonly keys: readonly (readonly [string, string])[]
}

/** Looks at everything that was asked about, changes nothing, and exits with 1 if anything is a problem. */
export async function doctor(options: DoctorOptions, asked: Asked): Promise<number> {
  const findings: Finding[] = []
  if (asked.machine) findings.push(...(await checkMachine(options)))
  const named = (options.certificates?.split(',') ?? []).map((file) => ['--certificates', file.trim()] as const)
  for (const [flag, file] of [...asked.certificates, ...named])
    findings.push(...checkCertificates(flag, file, Date.now()))
  for (const [flag, file] of asked.keys) findings.push(checkKey(flag, file))
  if (asked.cluster) findings.push(...(await checkCluster(options)))
  report(findings, options.json === true)
  return findings.some(({ status }) => status === 'problem') ? exitCodes.failed : exitCodes.ok
}

function report(findings: readonly Finding[], asJson: boolean): void {
  const count = (status: Finding['status']): number => findings.filter((finding) => finding.status === status).length
  const [problems, warnings] = [count('problem'), count('warning')]
  if (asJson) return printJson({ problems, warnings, checks: findings })
  const width = Math.max(...findings.map(({ check }) => check.length))
  for (const { status, check, found, advice } of findings) {
    printLine(`${status.padEnd(7)}  ${check.padEnd(width)}  ${found}${advice === undefined ? '' : ` -> ${advice}`}`)
  }
  printLine(`${counted(findings.length, 'check')}: ${counted(problems, 'problem')}, ${counted(warnings, 'warning')}`)
}

function counted(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? '' : 's'}`
}
