import { expect, test } from 'vitest'
import { voting } from 'synod'
import { PeerWatch } from './peer-watch.ts'

// Goal: φ of a peer is low while it speaks, however much it says, and high when it is silent. Method: a clock that is moved by hand.

const membership = voting(['a', 'b', 'c'])
const leading = { leading: true, leader: 'a', membership }

function watching(): {
  readonly move: (by: number) => void
  readonly watch: PeerWatch
  readonly phi: (id: string) => number
} {
  let now = 0
  const watch = new PeerWatch(100, () => now)
  const phi = (id: string): number => watch.phis(leading, 'a').find((one) => one.id === id)?.phi ?? NaN
  return { move: (by) => void (now += by), watch, phi }
}

test('a leader is told of all others, and the others of their leader', () => {
  const { watch } = watching()
  expect(watch.phis(leading, 'a').map(({ id }) => id)).toEqual(['b', 'c'])
  expect(watch.phis({ ...leading, leading: false }, 'b').map(({ id }) => id)).toEqual(['a'])
  expect(watch.phis({ ...leading, leading: false, leader: undefined }, 'b')).toEqual([])
})

test('who is silent becomes ever less likely to be alive, who was never heard as well', () => {
  const { move, watch, phi } = watching()
  for (let i = 0; i < 50; i++) {
    move(100)
    watch.heard('b')
  }
  move(100)
  expect(phi('b')).toBeLessThan(1)
  expect(phi('c')).toBeGreaterThan(100)
  move(200)
  expect(phi('b')).toBeGreaterThan(8)
})

test('who says much under load is not suspected when the load ends', () => {
  const { move, watch, phi } = watching()
  for (let i = 0; i < 2000; i++) {
    move(1)
    watch.heard('b')
  }
  move(100)
  expect(phi('b')).toBeLessThan(8)
})

test('an outage is forgotten soon', () => {
  const { move, watch, phi } = watching()
  move(60_000)
  watch.heard('b')
  for (let i = 0; i < 10; i++) {
    move(100)
    watch.heard('b')
  }
  move(5000)
  expect(phi('b')).toBeGreaterThan(8)
})
