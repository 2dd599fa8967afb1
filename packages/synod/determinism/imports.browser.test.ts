import { expect, test } from 'vitest'

// Goal: what is for every platform loads on a page, and nothing that it loads asks for a module of Node's. Method: each
// is imported by its public name; the bundler would put a stand-in where such a module is named, which is looked for.

const entries: Readonly<Record<string, () => Promise<object>>> = {
  synod: () => import('synod'),
  'synod/raft': () => import('synod/raft'),
  'synod/failure-detectors': () => import('synod/failure-detectors'),
  'synod/chandra-toueg': () => import('synod/chandra-toueg'),
  'synod/store': () => import('synod/store'),
  'synod/journal': () => import('synod/journal'),
  'synod/member': () => import('synod/member'),
  'synod/simulator': () => import('synod/simulator'),
  'synod/explorer': () => import('synod/explorer'),
  'synod/history': () => import('synod/history'),
  'synod/testing': () => import('synod/testing'),
}

function standIns(): string[] {
  const loaded = performance.getEntriesByType('resource').map(({ name }) => name)
  return loaded.filter((name) => /browser-external|\bnode:/.test(name))
}

test.each(Object.keys(entries))('%s loads without Node', async (entry) => {
  expect(Object.keys((await entries[entry]?.()) ?? {})).not.toEqual([])
  expect(standIns()).toEqual([])
})
