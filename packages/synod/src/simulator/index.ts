/**
 * A world of members on virtual disks, links and clocks, driven by a seed.
 *
 * @module
 */
export type { Duration } from './draws.ts'
export { VirtualDisk } from './virtual-disk.ts'
export type { DiskFaults, DiskOperation, DiskWorld } from './virtual-disk.ts'
export { VirtualNode } from './virtual-node.ts'
export { World } from './world.ts'
export type { Inhabitant, WorldOptions } from './world.ts'
