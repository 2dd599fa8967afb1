/** All sets of so many of 0 … n - 1. */
export function subsets(count: number, size: number, from = 0): number[][] {
  if (size === 0) return [[]]
  const found: number[][] = []
  for (let first = from; first <= count - size; first++)
    for (const rest of subsets(count, size - 1, first + 1)) found.push([first, ...rest])
  return found
}

/** The least majorities. */
export function majorities(count: number): number[][] {
  return subsets(count, Math.floor(count / 2) + 1)
}

/** From 0 to `last`. */
export function upTo(last: number): number[] {
  return Array.from({ length: last + 1 }, (_, i) => i)
}
