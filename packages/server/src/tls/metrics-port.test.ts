import { request } from 'node:https'
import type { RequestOptions } from 'node:https'
import type { TLSSocket } from 'node:tls'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { TestAuthority, writePair } from '../testing/certificates.ts'
import { configFor, silent } from '../testing/one-node.ts'
import { freePorts } from '../testing/ports.ts'
import { temporaryFolder } from '../testing/processes.ts'
import { startServer } from '../server.ts'
import type { RunningServer } from '../server.ts'

// Goal: a metrics port of https:// is as closed as the client port is, and tells what one of http:// tells. Method: a
// member with a disk, asked by Node's own client, with and without a certificate.

const authority = new TestAuthority()
const client = authority.issue({ name: 'prometheus', purposes: ['client'] })
const stranger = new TestAuthority('another').issue({ name: 'prometheus', purposes: ['client'] })
const folder = temporaryFolder()
let member: RunningServer
let clientPort: number
const metricsPort = (): number => clientPort + 2

interface Answer {
  readonly status: number | undefined
  readonly text: string
  readonly serial: string | undefined
}

/** One request on a connection of its own. */
async function get(port: number, path: string, tls: RequestOptions): Promise<Answer> {
  return new Promise((resolve, reject) => {
    request({ host: '127.0.0.1', port, path, ca: authority.pem, agent: false, ...tls }, (response) => {
      const serial = (response.socket as TLSSocket).getPeerX509Certificate()?.serialNumber
      let text = ''
      response.on('data', (chunk) => (text += String(chunk)))
      response.on('end', () => resolve({ status: response.statusCode, text, serial }))
    })
      .on('error', reject)
      .end()
  })
}

const shown = { cert: client.certificate, key: client.key }

function writeServerPair(): { cert: string; key: string } {
  return writePair(folder.path, 'server', authority.issue({ name: 'server', purposes: ['server'] }))
}

beforeAll(async () => {
  clientPort = await freePorts(3)
  const { cert, key } = writeServerPair()
  const { cert: ca } = writePair(folder.path, 'ca', { certificate: authority.pem, key: '' })
  const config = configFor('m1', {
    dataDir: `${folder.path}/data`,
    listenClientUrls: `https://127.0.0.1:${clientPort}`,
    initialCluster: `m1=http://127.0.0.1:${clientPort + 1}`,
    listenMetricsUrls: `https://127.0.0.1:${metricsPort()}`,
    certFile: cert,
    keyFile: key,
    clientCertAuth: true,
    trustedCaFile: ca,
    clientCertAllowedCn: 'prometheus',
    tlsMinVersion: 'TLS1.3',
  })
  member = await startServer(config, silent)
})

afterAll(async () => {
  await member.stop(0)
  folder[Symbol.dispose]()
})

test('with a client’s certificate, the state of the member is told there, and nothing of what is stored', async () => {
  const metrics = await get(metricsPort(), '/metrics', shown)
  expect(metrics.status).toBe(200)
  expect(metrics.text).toContain('synod_http_connections{port="metrics"} 1')
  expect(await get(metricsPort(), '/livez', shown)).toMatchObject({ status: 200, text: 'ok\n' })
  expect(await get(metricsPort(), '/v3/kv/range', shown)).toMatchObject({ status: 404 })
  expect(metrics.serial).toBe((await get(clientPort, '/livez', shown)).serial)
})

test('without one, of another authority, of another name, or by an older TLS, nobody is heard, and it is counted', async () => {
  const other = authority.issue({ name: 'other', purposes: ['client'] })
  await expect(get(metricsPort(), '/metrics', {})).rejects.toThrow('certificate required')
  for (const pair of [stranger, other]) {
    const pem = { cert: pair.certificate, key: pair.key }
    await expect(get(metricsPort(), '/metrics', pem)).rejects.toThrow(/ECONNRESET|socket hang up|alert/)
  }
  await expect(get(metricsPort(), '/metrics', { ...shown, maxVersion: 'TLSv1.2' })).rejects.toThrow('protocol version')
  const { text } = await get(metricsPort(), '/metrics', shown)
  expect(text).toContain('synod_tls_handshakes_failed_total 4')
})

test('a certificate that is renewed is shown there without a restart', async () => {
  const { serial } = await get(metricsPort(), '/livez', shown)
  writeServerPair()
  member.reloadCertificates()
  const renewed = await get(metricsPort(), '/livez', shown)
  expect(renewed).toMatchObject({ status: 200 })
  expect(renewed.serial).not.toBe(serial)
})
