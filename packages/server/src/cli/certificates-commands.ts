import { statSync } from 'node:fs'
import { join } from 'node:path'
import type { X509Certificate } from 'node:crypto'
import { subjectText } from '../certificates/certificate.ts'
import { createCertificates, parseMembers, type CreatedCertificates } from '../certificates/create.ts'
import { namesIn } from '../certificates/names.ts'
import { certificatesIn, daysLeft, purposesOf } from '../certificates/reading.ts'
import { certificateFlags } from './certificate-flags.ts'
import { CommandError, exitCodes, messageOf } from './exit.ts'
import { checkName } from './config.ts'
import { readText } from './input.ts'
import { printJson, printLine, table } from './output.ts'
import { quoted } from './shell.ts'

export interface CreateOptions {
  readonly directory: string
  readonly members?: string
  readonly client?: string
  readonly days: number
  readonly authorityDays: number
  readonly renew?: boolean
  readonly json?: boolean
}

/** Makes certificates, and says what was made and how a member is started with it. */
export async function createCommand(options: CreateOptions): Promise<number> {
  const clients = options.client?.split(',').map((name) => name.trim()) ?? []
  for (const name of clients) checkName(name, '--client')
  const members = options.members === undefined ? new Map<string, readonly string[]>() : parseMembers(options.members)
  const { directory, days, authorityDays, renew = false } = options
  const created = createCertificates({ directory, members, clients, days, authorityDays, renew })
  const commands = startCommands(created)
  if (options.json === true) {
    printJson({
      authority: { file: created.folder.authorityFile, new: created.newAuthority },
      members: Object.fromEntries(created.members),
      clients: created.clients,
      validTo: created.to.toISOString(),
      start: Object.fromEntries(commands),
    })
    return exitCodes.ok
  }
  sayWhatWasMade(created)
  sayHowToGoOn(created, commands, renew)
  return exitCodes.ok
}

function sayWhatWasMade({ folder, newAuthority, members, clients, to, shortened }: CreatedCertificates): void {
  const key = join(folder.path, 'ca.key')
  if (newAuthority) {
    printLine(`A new authority: ${folder.authorityFile}. Whoever has its key, ${key}, can join and read the cluster:`)
    printLine('keep that on no member. It is needed for further certificates only.\n')
  } else {
    printLine(`Signed by the authority in ${folder.authorityFile}.\n`)
  }
  const rows = [
    ...Array.from(members, ([name, hosts]) => [
      `  ${folder.place('members', name)}/`,
      `member ${name}`,
      hosts.join(', '),
    ]),
    ...clients.map((name) => [`  ${folder.place('clients', name)}/`, `client ${name}`, '']),
  ]
  printLine(table(rows))
  const why = shortened ? ', when the authority ends' : ''
  printLine(
    `\nValid until ${to.toISOString().slice(0, 10)}${why}. To renew: synod certificates create --directory ${quoted(folder.path)} --renew`,
  )
  if (folder.isOpen)
    printLine(`${folder.path} can be looked into by others on this machine: chmod 700 ${quoted(folder.path)}`)
}

function sayHowToGoOn(
  { folder, newAuthority, members, clients }: CreatedCertificates,
  commands: ReadonlyMap<string, string>,
  renew: boolean,
): void {
  if (renew) {
    printLine('\nCopy them over those that are in use: a member reads them again by itself, and goes on.')
    return
  }
  if (members.size > 0) {
    if (!newAuthority) {
      printLine(
        '\nTo a cluster that runs, each is added, which prints the command to start it with in a copy of its directory:\n',
      )
      for (const [name, [host = '']] of members)
        printLine(`  synod member add ${quoted(name)} --peer-urls https://${inUrl(host)}:2380 …`)
    }
    const copy = newAuthority ? 'Copy' : 'For a new cluster of these alone, copy'
    printLine(
      `\n${copy} each member’s directory to its machine, and start it there with these flags (paths as they are here):`,
    )
    for (const [name, command] of commands) printLine(`\n  # ${name}\n  ${command}`)
  }
  const [client] = clients
  if (client === undefined) return
  const place = folder.place('clients', client)
  printLine(`\nClients show the certificate in ${place}:`)
  printLine(
    `\n  synod put greeting hello --endpoints https://HOST:2379 --cacert ${quoted(join(place, 'ca.crt'))} ` +
      `--cert ${quoted(join(place, 'client.crt'))} --key ${quoted(join(place, 'client.key'))}`,
  )
}

/** Members on one host get ports of their own. */
function startCommands({ folder, members }: CreatedCertificates): ReadonlyMap<string, string> {
  const count = new Map<string, number>()
  const placed = Array.from(members, ([name, [host = '']]) => {
    const before = count.get(host) ?? 0
    count.set(host, before + 1)
    const at = inUrl(host)
    return { name, client: `https://${at}:${2379 + 2 * before}`, peer: `https://${at}:${2380 + 2 * before}` }
  })
  const initialCluster = placed.map(({ name, peer }) => `${name}=${peer}`).join(',')
  return new Map(
    placed.map(({ name, client }) => [
      name,
      [
        'synod start',
        `--name ${quoted(name)}`,
        `--initial-cluster ${quoted(initialCluster)}`,
        `--listen-client-urls ${client}`,
        ...certificateFlags(folder.place('members', name)).map((flag) => flag.map(quoted).join(' ')),
      ].join(' \\\n    '),
    ]),
  )
}

function inUrl(host: string): string {
  return host.includes(':') ? `[${host}]` : host
}

/** Says what is in certificates. Exits with 1 if one of them is not valid now. */
export async function showCommand(
  files: readonly string[],
  { json = false }: { readonly json?: boolean },
): Promise<number> {
  const found = files.flatMap((path) => {
    if (statSync(path, { throwIfNoEntry: false })?.isDirectory() === true)
      throw new CommandError(`${path} is a directory: name the files, as in ${join(path, '*.crt')}`)
    const all = certificatesAt(path)
    if (all.length === 0) throw new CommandError(`${path} has no certificate in PEM`)
    return all.map((certificate) => described(path, certificate))
  })
  if (json) printJson({ certificates: found })
  else {
    const rows = found.map((one) => [
      one.file,
      one.kind,
      one.subject,
      one.issuer,
      one.names.join(', ') || '-',
      day(one.from),
      day(one.to),
      `${one.daysLeft}`,
    ])
    printLine(table([['FILE', 'KIND', 'SUBJECT', 'ISSUER', 'NAMES', 'FROM', 'TO', 'DAYS LEFT'], ...rows]))
  }
  return found.every(({ valid }) => valid) ? exitCodes.ok : exitCodes.failed
}

function certificatesAt(path: string): X509Certificate[] {
  const text = readText(path)
  try {
    return certificatesIn(text)
  } catch (error) {
    throw new CommandError(`${path} has a certificate that cannot be read: ${messageOf(error)}`)
  }
}

function day(iso: string): string {
  return iso.slice(0, 10)
}

function described(file: string, certificate: X509Certificate) {
  const { validFrom, validTo, issuer, serialNumber, fingerprint256 } = certificate
  const [from, to, now] = [new Date(validFrom), new Date(validTo), new Date()]
  const names = namesIn(certificate)
  return {
    file,
    kind: kindOf(certificate),
    subject: subjectText(certificate.subject),
    issuer: subjectText(issuer),
    names,
    from: from.toISOString(),
    to: to.toISOString(),
    daysLeft: daysLeft(certificate, now.getTime()),
    valid: from <= now && now < to,
    serialNumber,
    sha256: fingerprint256,
  }
}

function kindOf(certificate: X509Certificate): 'authority' | 'peer' | 'server' | 'client' | 'any' {
  if (certificate.ca) return 'authority'
  const [one, another] = purposesOf(certificate) ?? []
  return another === undefined ? (one ?? 'any') : 'peer'
}
