import type { Command } from 'commander'
import type { CreateOptions } from './certificates-commands.ts'
import { addSettings, whole } from './options.ts'
import type { Setting } from './options.ts'

/** Ten years, and one: an authority is exchanged with care, certificates by a timer. */
const authorityDays = 3650
const days = 365
const daysMax = 36_500

const createSettings: readonly Setting[] = [
  {
    flag: '--directory',
    argument: 'directory',
    description: 'where they are kept',
    required: true,
    environment: false,
  },
  {
    flag: '--members',
    argument: 'list',
    description: 'the members, with names or addresses of their hosts: a=10.0.0.1,b=10.0.0.2,b=b.example',
    environment: false,
  },
  {
    flag: '--client',
    argument: 'names',
    description: 'certificates for clients of these names (default: one for “client”, when the authority is new)',
    environment: false,
  },
  {
    flag: '--days',
    argument: 'count',
    fallback: days,
    parse: whole(1, daysMax),
    description: 'how long the certificates are valid',
    environment: false,
  },
  {
    flag: '--authority-days',
    argument: 'count',
    fallback: authorityDays,
    parse: whole(1, daysMax),
    description: 'how long a new authority is',
    environment: false,
  },
  {
    flag: '--renew',
    description: 'replace those that are there by new ones of the same authority: those that are named, or all',
    environment: false,
  },
  { flag: '--json', description: 'print one JSON object', environment: false },
]

/** The commands that make certificates. What they do is loaded when they run. */
export function addCertificates(program: Command, done: (exitCode: number) => void): void {
  const certificates = program.command('certificates').description('Certificates for TLS.').exitOverride()
  addSettings(certificates.command('create'), createSettings)
    .description('Make an authority, and certificates for members and clients.')
    .exitOverride()
    .addHelpText(
      'after',
      `
An authority that is in the directory signs; otherwise a new one is made. Keys: ECDSA over P-256, files of mode 0600.

Examples:
  synod certificates create --directory certificates --members a=10.0.0.1,b=10.0.0.2,c=10.0.0.3
  synod certificates create --directory certificates --members d=10.0.0.4     # one more, later
  synod certificates create --directory certificates --client backup
  synod certificates create --directory certificates --renew`,
    )
    .action(async (options: CreateOptions) =>
      done(await (await import('./certificates-commands.ts')).createCommand(options)),
    )
  addSettings(certificates.command('show'), [
    { flag: '--json', description: 'print one JSON object', environment: false },
  ])
    .description('Say whose certificates these are, and how long they are valid. Exits with 1 if one is not valid now.')
    .argument('<file...>')
    .exitOverride()
    .addHelpText('after', '\nExample:\n  synod certificates show certificates/ca.crt certificates/members/*/*.crt')
    .action(async (files: string[], options: { readonly json?: boolean }) =>
      done(await (await import('./certificates-commands.ts')).showCommand(files, options)),
    )
}
