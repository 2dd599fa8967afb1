import { expect, onTestFinished, test } from 'vitest'
import { serve } from 'synod/grpc'
import { TestAuthority } from '../testing/certificates.ts'
import { OneNode, silent } from '../testing/one-node.ts'
import { runHere } from '../testing/processes.ts'

// Goal: a command that one member certainly did not take is taken to the next one. Method: the commands themselves, on two
// fronts, of which the first is in no position to serve.

async function start(): Promise<OneNode> {
  const node = await new OneNode().start()
  onTestFinished(() => node.stop())
  return node
}

const hindrances: { what: string; hinder: (node: OneNode) => void; says: string }[] = [
  {
    what: 'a learner',
    hinder: ({ replica }) =>
      void (replica.membership = { ...replica.membership, voters: ['f'.repeat(16)], learners: [replica.self] }),
    says: 'rpc not supported for learner',
  },
  {
    what: 'a member that was removed',
    hinder: ({ replica }) => void (replica.departing = true),
    says: 'server stopped (this member was removed from the cluster)',
  },
]

test.each(hindrances)('$what is passed over, and alone it has certainly not done it', async ({ hinder, says }) => {
  const [first, second] = [await start(), await start()]
  hinder(first)
  const both = ['--endpoints', `${first.url},${second.url}`]
  expect(await runHere(['put', 'a', '1', ...both])).toMatchObject({ code: 0, stderr: '' })
  expect(await runHere(['get', 'a', ...both])).toMatchObject({ code: 0, stdout: 'a\n1\n' })
  expect(await runHere(['member', 'list', ...both])).toMatchObject({ code: 0, stderr: '' })
  const alone = await runHere(['put', 'a', '1', '--endpoints', first.url])
  expect(alone).toMatchObject({ code: 1, stderr: expect.stringContaining(says) })
  expect(alone.stderr).not.toContain('unknown')
})

/** One that speaks TLS, and has no calls: nobody gets as far. */
async function startSecure(): Promise<string> {
  const authority = new TestAuthority()
  const own = authority.issue({ purposes: ['server'] })
  const server = serve({
    routes: new Map(),
    log: silent,
    tls: {
      options: () => ({ cert: own.certificate, key: own.key }),
      onRenewed: () => () => undefined,
      requiresCertificate: false,
      refuses: () => undefined,
    },
  })
  onTestFinished(() => server.close())
  return `127.0.0.1:${(await server.listen('127.0.0.1', 0)).port}`
}

test('who speaks plaintext to TLS, or TLS to plaintext, hears what is wrong, and that nothing was done', async () => {
  const secure = await startSecure()
  const node = await start()
  const wrongs = [
    { flags: ['--endpoints', secure], says: 'This port speaks TLS: https:// is wanted, and --cacert' },
    {
      flags: ['--endpoints', node.url.replace('http:', 'https:'), '--insecure-skip-tls-verify'],
      says: 'the other side speaks plaintext where TLS is expected: one of http:// and https:// is wrong',
    },
  ]
  for (const { flags, says } of wrongs) {
    for (const command of [['put', 'a', '1'], ['get', 'a'], ['status']]) {
      const { code, stdout, stderr } = await runHere([...command, ...flags])
      expect(code).toBe(1)
      expect(stdout + stderr).toContain(says)
      expect(stderr).not.toContain('unknown')
    }
  }
  // Another member may be asked instead.
  expect(await runHere(['put', 'a', '1', '--endpoints', `${secure},${node.url}`])).toMatchObject({ code: 0 })
})
