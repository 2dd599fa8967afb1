import { assert } from '../core/index.ts'

/** One block of a script: what is done, and what is heard of it. */
export interface Block {
  readonly comment: string
  readonly commands: readonly string[]
  readonly expected: string
}

/** Blocks are separated by empty lines: comments (#), commands, `----`, and what is expected. */
export function parseScript(text: string): Block[] {
  return text
    .split(/\n\n+/)
    .filter((block) => block.trim() !== '')
    .map((block) => {
      const lines = block.trimEnd().split('\n')
      const divider = lines.indexOf('----')
      assert(divider >= 0 || lines.every((line) => line.startsWith('#')), `a block has a line ----: ${lines[0]}`)
      const above = divider < 0 ? lines : lines.slice(0, divider)
      return {
        comment: above.filter((line) => line.startsWith('#')).join('\n'),
        commands: above.filter((line) => !line.startsWith('#')),
        expected: divider < 0 ? '' : lines.slice(divider + 1).join('\n'),
      }
    })
}

/** Plays a script, command by command, and gives it back with what was heard. */
export function playBlocks(text: string, act: (verb: string, words: readonly string[]) => readonly string[]): string {
  const played = parseScript(text).map(({ comment, commands }) => {
    if (commands.length === 0) return comment
    const heard = commands.flatMap((command) => {
      const [verb = '', ...words] = command.split(/\s+/)
      return act(verb, words)
    })
    const head = comment === '' ? commands : [comment, ...commands]
    return [...head, '----', ...(heard.length === 0 ? ['nothing'] : heard)].join('\n')
  })
  return `${played.join('\n\n')}\n`
}
