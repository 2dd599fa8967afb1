import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { Recorder, writeHistory } from 'synod/history'
import type { StoreOperation, StoreResult } from 'synod/history'
import { run, runHere, Running, synod } from '../testing/processes.ts'
import type { Picture } from '../picture/page.ts'
import { checkFile } from './check.ts'

// Goal: `synod check` answers by its exit code, says what is wrong, and writes a page that shows it and cannot be broken by
// what a history says. Method: the command itself, on the histories of others and on small ones of ours.

const main = join(import.meta.dirname, '../main.ts')
const histories = join(import.meta.dirname, '../../../synod/testdata/histories')
const good = join(histories, 'jepsen-etcd/etcd_002.log')
const bad = join(histories, 'jepsen-etcd/etcd_001.log')
const hard = join(histories, 'porcupine-kv/c50-ok.txt')
const cases = join(histories, 'porcupine-cases/cases.json')

function folder(): string {
  const path = mkdtempSync(join(tmpdir(), 'synod-check-'))
  onTestFinished(() => rmSync(path, { recursive: true }))
  return path
}

describe('the exit code is the verdict', () => {
  test('2: a fault of ours, with its stack', async () => {
    const faulty = {
      get model(): string {
        throw new RangeError('Map maximum size exceeded')
      },
    }
    await expect(checkFile(good, faulty)).rejects.toMatchObject({
      exitCode: 2,
      message: expect.stringMatching(
        /^there is no verdict on .*: RangeError: Map maximum size exceeded\n +at /,
      ) as string,
    })
  })

  test('0: linearizable', async () => {
    expect(await runHere(['check', good])).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^linearizable: \d+ operations/) as string,
    })
  })

  test('1: not linearizable, with the window, the proof, and how to get a picture', async () => {
    const { code, stdout } = await runHere(['check', bad])
    expect(code).toBe(1)
    expect(stdout).toContain('No order explains read → 4 of client 7')
    expect(stdout).toMatch(/70 +71 +5 +write 1/)
    expect(stdout).toContain(`synod check ${bad} --html history.html`)
  })

  test('2: unknown, with the limit that was reached', async () => {
    const { code, stdout } = await runHere(['check', hard, '--max-memory', '2'])
    expect(code).toBe(2)
    expect(stdout).toMatch(/^unknown: the limit of memory was reached/)
  })

  test('of several histories, the worst one', async () => {
    const { code, stdout } = await runHere(['check', cases])
    expect(code).toBe(1)
    expect(stdout.match(/^[✓✗] /gm)).toHaveLength(9)
  })

  test.each([
    { args: ['no-such-file'], says: /no-such-file cannot be read: ENOENT/ },
    { args: [import.meta.filename], says: /check\.test\.ts: line 1: expected a history: our own JSON lines/ },
    { args: [good, '--model', 'bank'], says: /the model 'bank' is unknown: expected register, cas-register/ },
    { args: [good, '--model', 'queue'], says: /event 1: expected an operation of 'queue'/ },
    { args: [good, '--timeout', '0'], says: /--timeout.*whole number/ },
    { args: [bad, '--html', '/dev/null/page.html'], says: /page\.html cannot be written: \/dev\/null is no directory/ },
    { args: [bad, '--html', '/no/such/page.html'], says: /page\.html cannot be written: ENOENT/ },
    { args: [bad, '--html', '/tmp'], says: /\/tmp cannot be written: \/tmp is a directory/ },
    { args: [bad, '--html', bad], says: /is the history itself/ },
    { args: [], says: /missing required argument 'file'/ },
  ])('2: $args', async ({ args, says }) => {
    const { code, stdout, stderr } = await runHere(['check', ...args])
    expect(stderr).toMatch(says)
    // Nothing was searched for.
    expect(stdout).toBe('')
    expect(code).toBe(2)
  })

  test.runIf(existsSync('/dev/zero'))(
    '2: what has no end, from a device or a pipe, and what is larger than is read',
    async () => {
      const says = /more than 256 MB, and no more is read\. .* a shorter run, or fewer keys/
      expect(await runHere(['check', '/dev/zero'])).toMatchObject({
        code: 2,
        stderr: expect.stringMatching(says) as string,
      })
      const piped = new Running('sh', ['-c', `exec ${process.execPath} -C @synod/source ${main} check - < /dev/zero`])
      const { code, stdout, stderr } = await piped.ended()
      expect(stderr).toMatch(/^synod: standard input has more than 256 MB[^\n]*\n$/)
      expect(stdout).toBe('')
      expect(code).toBe(2)
    },
  )

  test('2: a Node.js that is too old', async () => {
    const old = `data:text/javascript,Object.defineProperty(process.versions, 'node', { value: '20.20.2' })`
    const launcher = join(import.meta.dirname, '../../bin/synod.js')
    const { code, stderr } = await new Running(process.execPath, ['--import', old, launcher, 'check', good]).ended()
    expect(stderr).toMatch(/this is Node\.js 20\.20\.2, and synod needs 22\.18 or newer/)
    expect(code).toBe(2)
  })

  // A pipe that nobody reads, and a disk that is full.
  test.runIf(existsSync('/dev/full'))('stays it when nobody takes what is printed', async () => {
    const unread = synod(['check', bad])
    unread.child.stdout?.destroy()
    expect(await unread.ended()).toMatchObject({ code: 1, stderr: '' })
    for (const [file, verdict] of [
      [bad, 1],
      [good, 0],
    ]) {
      const program = `exec ${process.execPath} -C @synod/source ${main} check ${file} > /dev/full`
      const { code, stderr } = await new Running('sh', ['-c', program]).ended()
      expect(stderr).toMatch(/^synod: standard output cannot be written: ENOSPC/)
      expect(code).toBe(verdict)
    }
  })

  test.runIf(existsSync('/dev/full'))('stays it when the picture of it cannot be written after all', async () => {
    const { code, stdout, stderr } = await runHere(['check', bad, '--html', '/dev/full'])
    expect(stdout).toContain('No order explains')
    expect(stderr).toMatch(/^synod: the picture cannot be written to \/dev\/full: ENOSPC/)
    expect(code).toBe(1)
  })
})

test('of what was read from standard input nobody is told to read it again', async () => {
  const { stdout } = await run(['check', '-'], { stdin: readFileSync(bad) })
  expect(stdout).toContain('With --html history.html, the same command')
  expect(stdout).not.toContain('check -')
})

test('a file that is no text is told without doing anything to the terminal', async () => {
  const path = join(folder(), 'binary')
  writeFileSync(
    path,
    Uint8Array.from({ length: 2000 }, (_, i) => (i * 7) % 128),
  )
  const { code, stderr } = await runHere(['check', path])
  expect(code).toBe(2)
  expect(stderr).toMatch(/^synod: .*binary: line 1: expected a history.*found [^\p{Cc}]+\n$/u)
  expect(stderr.length).toBeLessThan(1500)
})

test('what is no UTF-8 is refused, where two values would else become the same one', async () => {
  const lines = [
    '{"synod":"history","version":1,"model":"register"}',
    '{"type":"invoke","time":0,"client":"a","operation":{"type":"write","value":"ä"}}',
    '{"type":"ok","time":1,"client":"a","result":null}',
    '{"type":"invoke","time":2,"client":"a","operation":{"type":"read"}}',
    '{"type":"ok","time":3,"client":"a","result":"ö"}',
  ]
  const path = join(folder(), 'history.jsonl')
  writeFileSync(path, lines.join('\n'))
  expect((await runHere(['check', path])).code).toBe(1)
  writeFileSync(path, lines.join('\n'), 'latin1')
  const { code, stderr } = await runHere(['check', path])
  const offset = lines.join('\n').indexOf('ä')
  expect(stderr).toContain(`history.jsonl: line 2: expected UTF-8, found the byte 0xe4 at offset ${offset} of the file`)
  expect(code).toBe(2)
  const piped = await run(['check', '-'], { stdin: readFileSync(path) })
  expect(piped).toMatchObject({ code: 2, stderr: expect.stringContaining('standard input: line 2: expected UTF-8') })
})

test('standard input is read, and JSON is one object for each history', async () => {
  const { code, stdout } = await run(['check', '-', '--json'], { stdin: readFileSync(cases) })
  expect(code).toBe(1)
  const verdicts = stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>)
  expect(verdicts).toHaveLength(9)
  expect(verdicts[1]).toMatchObject({
    file: '-',
    model: 'register',
    outcome: 'not-linearizable',
    blocked: { client: '2', result: 0 },
    before: ['200'],
  })
})

/** What a page carries, as a browser would find it. */
function picturesOf(page: string): Picture[] {
  const data = /<script type="application\/json" id="pictures">([^]*?)<\/script/.exec(page)?.[1]
  return JSON.parse(data ?? '') as Picture[]
}

describe('the picture', () => {
  test('is one file that fetches nothing', async () => {
    const path = join(folder(), 'page.html')
    expect((await runHere(['check', bad, '--html', path])).code).toBe(1)
    const page = readFileSync(path, 'utf8')
    expect(page).not.toMatch(/\b(src|href)=|@import|url\(|^import /m)
    expect(page).toContain("default-src 'none'")
    const [picture] = picturesOf(page)
    expect(picture?.outcome).toBe('not-linearizable')
    expect(picture?.drawing.calls).toHaveLength(86)
    expect(picture?.drawing.calls.filter(({ mark }) => mark === 'blocked')).toHaveLength(1)
  })

  test('is not broken by what a history says', async () => {
    const evil = `</script><script>alert(1)</script><!-- " ' & \u2028 \u001B[31m`
    const recorder = new Recorder<StoreOperation, StoreResult>('store')
    recorder.invoke(evil, 0, { type: 'put', key: evil, value: evil })
    recorder.ok(evil, 1, { type: 'put', revision: 2 })
    recorder.invoke(evil, 2, { type: 'get', key: evil })
    recorder.ok(evil, 3, { type: 'get', kvs: [], revision: 2 })
    const path = join(folder(), `<evil>.jsonl`)
    writeFileSync(path, writeHistory(recorder.history()))
    const { code, stdout } = await runHere(['check', path, '--html', `${path}.html`])
    expect(code).toBe(1)
    // A terminal obeys escape sequences.
    expect(stdout).not.toContain('\u001B')
    const page = readFileSync(`${path}.html`, 'utf8')
    expect(page.match(/<script/g)).toHaveLength(2)
    expect(page.match(/<\/script/g)).toHaveLength(2)
    expect(page).toContain('<title>&lt;evil&gt;.jsonl</title>')
    expect(page).not.toContain('<!--')
    expect(picturesOf(page)[0]?.drawing.lanes).toEqual([evil])
  })
})
