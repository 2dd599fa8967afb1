/**
 * A world of members on virtual disks, links and clocks, driven by a seed.
 *
 * @module
 */
export { VirtualDisk } from './virtual-disk.ts'
export type { DiskFaults, DiskOperation, DiskWorld } from './virtual-disk.ts'
export { VirtualNode, World } from './world.ts'
export type { Inhabitant, WorldOptions } from './world.ts'
