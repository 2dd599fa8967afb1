import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { createPrivateKey, X509Certificate } from 'node:crypto'
import { join } from 'node:path'
import { CommandError, messageOf } from '../cli/exit.ts'
import { commonNameOf, type Authority, type Issued } from './certificate.ts'

/** Whose certificates these are. */
export type Kind = 'members' | 'clients'

/**
 * The certificates of a cluster, in one directory:
 *
 *     ca.crt, ca.key                    the authority; the key is needed for further certificates only
 *     members/NAME/ca.crt               all that one member needs: copied to its machine as it is
 *                  server.crt, .key     for its clients
 *                  peer.crt, .key       for the other members; the member's name is in it
 *     clients/NAME/ca.crt               all that a client needs
 *                  client.crt, .key
 */
export class CertificateFolder {
  readonly path: string

  constructor(path: string) {
    this.path = path
  }

  get authorityFile(): string {
    return join(this.path, 'ca.crt')
  }

  place(kind: Kind, name: string): string {
    return join(this.path, kind, name)
  }

  /** Whose certificates are there already. */
  existing(kind: Kind): string[] {
    const place = join(this.path, kind)
    return existsSync(place) ? readdirSync(place).toSorted() : []
  }

  /** undefined: there is none. Throws a `CommandError`: it cannot sign. */
  readAuthority(): Authority | undefined {
    const [file, keyFile] = [this.authorityFile, join(this.path, 'ca.key')]
    if (!existsSync(file)) {
      if (!existsSync(keyFile)) return undefined
      throw new CommandError(`${keyFile} is there, but ${file} is not: put it back, or begin in an empty directory`)
    }
    if (!existsSync(keyFile)) {
      throw new CommandError(`${keyFile} is not there: put the key of ${file} there while certificates are made`)
    }
    const certificate = guarded(file, () => new X509Certificate(readFileSync(file)))
    const key = guarded(keyFile, () => createPrivateKey(readFileSync(keyFile)))
    if (!certificate.ca) throw new CommandError(`${file} is no authority’s certificate`)
    if (!certificate.checkPrivateKey(key)) throw new CommandError(`${keyFile} is not the key of ${file}`)
    if (certificate.subject !== `O=Synod\nCN=${commonNameOf(certificate.subject)}` || key.asymmetricKeyType !== 'ec') {
      throw new CommandError(
        `${file} was not made by this command, which signs for no other authority: make certificates where it was made, ` +
          'as docs/certificates.md says what has to be in them',
      )
    }
    if (new Date(certificate.validTo) <= new Date()) {
      throw new CommandError(
        `${file}: the authority has expired (${certificate.validTo}): make a new one in another directory`,
      )
    }
    return { certificate, key }
  }

  writeAuthority(issued: Issued): void {
    this.write(this.path, 'ca', issued)
  }

  /** With the authority's certificate beside it. */
  writeFor(kind: Kind, name: string, made: Readonly<Record<string, Issued>>): void {
    const place = this.place(kind, name)
    for (const [file, issued] of Object.entries(made)) this.write(place, file, issued)
    replace(
      join(place, 'ca.crt'),
      guarded(this.authorityFile, () => readFileSync(this.authorityFile, 'utf8')),
      0o644,
    )
  }

  /** The key first: whoever reads both again waits for the certificate. */
  private write(place: string, file: string, { certificate, key }: Issued): void {
    guarded(place, () => mkdirSync(place, { recursive: true, mode: 0o700 }))
    replace(join(place, `${file}.key`), key, 0o600)
    replace(join(place, `${file}.crt`), certificate, 0o644)
  }

  /** Others may look into it, though keys of their own mode are safe. */
  get isOpen(): boolean {
    return existsSync(this.path) && (statSync(this.path).mode & 0o077) !== 0
  }
}

/** Never half written under its name. */
function replace(file: string, text: string, mode: number): void {
  guarded(file, () => {
    const aside = `${file}.new`
    writeFileSync(aside, text, { mode })
    // A umask takes rights away, and a file that is there keeps its own.
    chmodSync(aside, mode)
    renameSync(aside, file)
  })
}

function guarded<Result>(file: string, use: () => Result): Result {
  try {
    return use()
  } catch (error) {
    throw new CommandError(`${file}: ${messageOf(error)}`)
  }
}
