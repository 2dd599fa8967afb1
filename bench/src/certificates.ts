import { execFileSync } from 'node:child_process'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** An authority and a certificate for each member, made by openssl: what etcd and Synod are both given. */
export class Certificates {
  readonly authorityFile: string
  private readonly folder: string

  constructor(folder: string, names: readonly string[]) {
    this.folder = folder
    this.authorityFile = join(folder, 'authority.pem')
    mkdirSync(folder, { recursive: true })
    const authorityKey = join(folder, 'authority-key.pem')
    const subject = ['-subj', '/CN=bench authority', '-days', '2', '-out', this.authorityFile]
    openssl('req', '-x509', ...ecdsa, '-nodes', '-keyout', authorityKey, ...subject)
    for (const name of names) {
      const { certificate, key } = this.filesOf(name)
      const request = join(folder, `${name}.csr`)
      const extensions = join(folder, `${name}.ext`)
      openssl('req', '-new', ...ecdsa, '-nodes', '-keyout', key, '-subj', `/CN=${name}`, '-out', request)
      writeFileSync(
        extensions,
        `subjectAltName=URI:synod:member:${name},DNS:${name},DNS:localhost,IP:127.0.0.1\nextendedKeyUsage=serverAuth,clientAuth\n`,
      )
      const signed = ['-CA', this.authorityFile, '-CAkey', authorityKey, '-CAcreateserial', '-days', '2']
      openssl('x509', '-req', '-in', request, ...signed, '-extfile', extensions, '-out', certificate)
    }
  }

  get authority(): Buffer {
    return readFileSync(this.authorityFile)
  }

  /** TLS for clients, mutual TLS between peers, by etcd's flags. */
  flagsOf(name: string): string[] {
    const { certificate, key } = this.filesOf(name)
    const client = ['--cert-file', certificate, '--key-file', key]
    const peer = ['--peer-cert-file', certificate, '--peer-key-file', key, '--peer-trusted-ca-file', this.authorityFile]
    return [...client, ...peer, '--peer-client-cert-auth']
  }

  private filesOf(name: string): { certificate: string; key: string } {
    return { certificate: join(this.folder, `${name}.pem`), key: join(this.folder, `${name}-key.pem`) }
  }
}

const ecdsa = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256']

function openssl(...args: readonly string[]): void {
  execFileSync('openssl', args, { stdio: ['ignore', 'ignore', 'pipe'] })
}
