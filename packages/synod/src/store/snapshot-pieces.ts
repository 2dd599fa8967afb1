import { crc32, present } from '../core/index.ts'
import { StoreSink } from './snapshot-sink.ts'
import { StoreSnapshot } from './snapshot.ts'
import type { Store } from './store.ts'

/** A whole snapshot, for tests. */
export function snapshotOf(store: Store): Uint8Array[] {
  const source = new StoreSnapshot(store)
  const pieces: Uint8Array[] = []
  for (let piece = source.next(); piece !== undefined; piece = source.next()) pieces.push(piece)
  source.close()
  return pieces
}

/** What it makes elsewhere. Throws `Malformed`. */
export function restored(pieces: readonly Uint8Array[]): Store {
  const stores: Store[] = []
  const sink = new StoreSink(crc32, (store) => stores.push(store))
  for (const piece of pieces) sink.write(piece)
  sink.finish()
  return present(stores[0], 'a whole snapshot makes a store')
}
