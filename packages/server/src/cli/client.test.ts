import { expect, onTestFinished, test } from 'vitest'
import { OneNode } from '../testing/one-node.ts'
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
