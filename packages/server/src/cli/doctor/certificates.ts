import type { X509Certificate } from 'node:crypto'
import { readFileSync, statSync } from 'node:fs'
import { subjectText } from '../../certificates/certificate.ts'
import { certificatesIn, daysLeft, soonDays } from '../../certificates/reading.ts'
import { isOpenToAll } from '../../tls/credentials.ts'
import { messageOf } from '../exit.ts'
import { quoted } from '../shell.ts'
import { ok, problem, warning } from './finding.ts'
import type { Finding } from './finding.ts'

/** Every certificate in a file: until when, and whose. `flag`: which setting names the file. */
export function checkCertificates(flag: string, file: string, now: number): Finding[] {
  const check = `certificate ${flag}`
  let certificates: X509Certificate[]
  try {
    certificates = certificatesIn(readFileSync(file, 'utf8'))
  } catch (error) {
    return [problem(check, `${file} cannot be read: ${messageOf(error)}`, 'give a file of PEM that this user can read')]
  }
  if (certificates.length === 0) {
    return [problem(check, `${file} has no certificate in it`, 'give a file with -----BEGIN CERTIFICATE-----')]
  }
  return certificates.map((certificate) => judge(check, file, certificate, now))
}

/** Who may read a private key. Whether it is one, and which certificate's, is found where it is used. */
export function checkKey(flag: string, file: string): Finding {
  const check = `key ${flag}`
  let mode: number
  try {
    mode = statSync(file).mode
  } catch (error) {
    return problem(check, `${file} cannot be looked at: ${messageOf(error)}`, 'give a file that this user can read')
  }
  const rights = `mode 0${(mode & 0o777).toString(8)}`
  if (!isOpenToAll({ mode })) return ok(check, `${file} is closed to others (${rights})`)
  const found = `${file} is open to everybody on this machine (${rights}): whoever reads it can pass for its owner`
  return warning(check, found, `chmod 600 ${quoted(file)}, and renew the certificate if others have been here`)
}

function judge(check: string, file: string, certificate: X509Certificate, now: number): Finding {
  const from = certificate.validFromDate.getTime()
  const to = certificate.validToDate.getTime()
  const days = daysLeft(certificate, now)
  const names = certificate.subjectAltName ?? subjectText(certificate.subject)
  const whose = `${file} (${names})`
  const renew = 'renew it: files that change are read again without a restart (docs/certificates.md)'
  if (now < from) {
    const found = `${whose} is valid from ${certificate.validFrom} on only`
    return problem(check, found, 'look at the clock of this machine, and of the one that made it')
  }
  if (now > to) return problem(check, `${whose} expired on ${certificate.validTo}`, renew)
  if (days < soonDays) return warning(check, `${whose} expires in ${days} days, on ${certificate.validTo}`, renew)
  return ok(check, `${whose} is valid for ${days} days, until ${certificate.validTo}`)
}
