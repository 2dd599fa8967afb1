import { expect, test } from 'vitest'
import { duringEpisode, episodesOf } from './episodes.ts'

test('requests that were held up at the same time are one episode', () => {
  const slow = [
    { at: 100, took: 60 },
    { at: 500, took: 70 },
    { at: 150, took: 80 },
  ]
  expect(episodesOf(slow)).toEqual([
    { from: 100, to: 230, requests: 2, worst: 80 },
    { from: 500, to: 570, requests: 1, worst: 70 },
  ])
})

test('of each kind the longest sighting that overlaps is told, at each witness', () => {
  const episode = { from: 100, to: 200, requests: 1, worst: 100 }
  const sightings = [
    { what: 'disk: fdatasync journal', at: 90, took: 20 },
    { what: 'disk: fdatasync journal', at: 120, took: 30 },
    { what: 'event loop', at: 150, took: 100, waiting: 0.75 },
    { what: 'garbage: scavenge', at: 201, took: 50 },
    { what: 'garbage: mark-compact', at: 10, took: 50 },
  ]
  expect(duringEpisode(episode, [{ name: 'leader', sightings }])).toEqual([
    'leader: event loop, 100 ms (75 % of it waiting for a processor)',
    'leader: disk: fdatasync journal, 30 ms',
  ])
})
