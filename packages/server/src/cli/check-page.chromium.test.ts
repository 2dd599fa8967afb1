import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { chromium } from 'playwright'
import type { Browser, Page } from 'playwright'
import { afterAll, beforeAll, describe, expect, inject, onTestFinished, test } from 'vitest'
import { runHere } from '../testing/processes.ts'

// Goal: whoever opens the picture sees what it is about, and gets everywhere by pointer and by keyboard. Method: the page
// that the command writes, in a real browser, on a screen as small as a telephone's and on a large one.

declare module 'vitest' {
  export interface ProvidedContext {
    /** Where Chromium is. */
    readonly chromium: string
  }
}

const history = join(import.meta.dirname, '../../../synod/testdata/histories/jepsen-etcd/etcd_000.log')
const folder = mkdtempSync(join(tmpdir(), 'synod-picture-'))
const file = join(folder, 'picture.html')
let browser: Browser

beforeAll(async () => {
  await runHere(['check', history, '--html', file])
  browser = await chromium.launch({ executablePath: inject('chromium'), args: ['--no-sandbox'] })
})

afterAll(async () => {
  await browser.close()
  rmSync(folder, { recursive: true })
})

/** The page, as it is when it has been loaded. It asks for nothing else, and nothing in it fails. */
async function open(width: number, height: number): Promise<Page> {
  const page = await browser.newPage({ viewport: { width, height } })
  const url = pathToFileURL(file).href
  const unwanted: string[] = []
  page.on('request', (request) => void (request.url() === url || unwanted.push(request.url())))
  page.on('pageerror', (error) => void unwanted.push(error.message))
  page.on('console', (message) => void unwanted.push(message.text()))
  onTestFinished(async () => {
    await page.close()
    expect(unwanted).toEqual([])
  })
  await page.goto(url)
  return page
}

/** What the operation that the keyboard is at says of itself, if all of its left end is in sight; else what covers it. */
const seen = `(() => {
  const call = document.querySelector('.call[tabindex="0"]')
  const { left, top, bottom } = call.querySelector('.box').getBoundingClientRect()
  const x = Math.max(left, document.querySelector('.names').getBoundingClientRect().right) + 4
  const covering = [top + 2, bottom - 2].map((y) => document.elementFromPoint(x, y)).find((one) => !call.contains(one))
  const label = call.getAttribute('aria-label')
  return covering === undefined ? label : label + ' is behind ' + (covering?.outerHTML.slice(0, 60) ?? 'the edge')
})()`

/** Says that nothing else is in sight where the keyboard is. */
async function inSight(page: Page): Promise<string> {
  const said = await page.evaluate<string>(seen)
  expect(said).not.toContain('is behind')
  return said
}

async function press(page: Page, ...keys: readonly string[]): Promise<string> {
  for (const key of keys) {
    await page.keyboard.press(key)
    await inSight(page)
  }
  return inSight(page)
}

/** By Tab, from the top of the page. */
async function tabToCalls(page: Page): Promise<void> {
  for (let tabs = 0; tabs < 10; tabs++) {
    await page.keyboard.press('Tab')
    if (await page.evaluate<boolean>(`document.activeElement.matches('.call')`)) return
  }
  throw new Error('ten Tabs do not lead to an operation')
}

const blocked = 'client 11, read → 2, from 85 to 86: cannot be placed'

describe.each([
  [375, 700],
  [1280, 800],
])('at %d x %d', (width, height) => {
  test('the operation that cannot be placed is in sight at once, and so is wherever the keyboard goes', async () => {
    const page = await open(width, height)
    expect(await inSight(page)).toBe(blocked)
    await tabToCalls(page)
    expect(await inSight(page)).toBe(blocked)
    expect(await press(page, 'ArrowDown')).toMatch(/^client 12,/)
    const around = ['ArrowDown', 'ArrowDown', 'ArrowLeft', 'Home', 'End', 'ArrowRight', 'ArrowLeft']
    await press(page, ...around, ...Array.from({ length: 14 }, () => 'ArrowUp'))
    expect(await press(page, ...around, 'Home')).toMatch(/^client 2,/)
  })

  test('Enter pins, the panel then stays with it, and Escape lets go', async () => {
    const page = await open(width, height)
    const panel = page.locator('.tip .title')
    const pinned = page.locator('.call[aria-pressed="true"]')
    await tabToCalls(page)
    await press(page, 'Enter')
    expect(await pinned.getAttribute('aria-label')).toBe(blocked)
    const next = await press(page, 'ArrowDown')
    expect(await panel.textContent()).toBe(`✗ ${blocked}`)
    await press(page, 'Escape')
    expect(await pinned.count()).toBe(0)
    expect(await panel.textContent()).toContain(next)
  })

  test('pointing at an operation shows the best partial linearization through it, and a click pins that', async () => {
    const page = await open(width, height)
    const panel = page.locator('.tip')
    const route = page.locator('.route circle')
    const [one, other] = ['cas 4 to 3 → false, from 82 to 83', 'read → 2, from 85 to 86'].map((name) =>
      page.getByRole('button', { name }),
    )
    await one?.hover()
    const [, place = '', length = ''] =
      /placed(\d+)\. of (\d+) in the longest/.exec((await panel.textContent()) ?? '') ?? []
    expect(await panel.textContent()).toMatch(/before\S.*after\S/)
    expect(await route.count()).toBe(Number(length))
    expect(Number(place)).toBeGreaterThan(0)
    await page.mouse.move(5, 5)
    expect(await panel.textContent()).toMatch(/^Point at an operation/)
    expect(await route.count()).toBe(0)

    await one?.click()
    expect(await one?.getAttribute('aria-pressed')).toBe('true')
    await other?.hover()
    expect(await panel.textContent()).toContain('cas 4 to 3')
    await one?.click()
    await other?.hover()
    expect(await panel.textContent()).toContain('in no partial linearization')
  })
})
