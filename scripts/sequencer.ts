import { createHash } from 'node:crypto'
import { relative } from 'node:path'
import { BaseSequencer, type TestSpecification } from 'vitest/node'

/** Where tests start processes of their own, and wait for them. */
const waiting = /^(?:packages\/server|examples)\//

/**
 * Files in an order that the seed decides, but those first that wait most: nobody is left alone at the end with the longest
 * one, and while some wait, others compute.
 */
export class WaitingFirst extends BaseSequencer {
  override sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const { root, sequence } = this.ctx.config
    const keyed = files.map((file) => {
      const path = relative(root, file.moduleId)
      const draw = createHash('sha1').update(`${sequence.seed} ${file.project.name} ${path}`).digest('hex')
      return { file, key: `${waiting.test(path) ? 0 : 1} ${draw}` }
    })
    return Promise.resolve(keyed.toSorted((a, b) => (a.key < b.key ? -1 : 1)).map(({ file }) => file))
  }
}
