/**
 * Works on all items, so many at a time, in their order; `told` hears of each in that order, as soon as it and those
 * before it are done.
 */
export async function sideBySide<Item, Result>(
  items: readonly Item[],
  jobs: number,
  work: (item: Item) => Promise<Result>,
  told: (item: Item, result: Result) => void,
): Promise<void> {
  const done: { readonly item: Item; readonly result: Result }[] = []
  let begun = 0
  let spoken = 0
  const next = async (): Promise<void> => {
    for (let i = begun++; i < items.length; i = begun++) {
      const item = items[i]
      if (item === undefined) return
      done[i] = { item, result: await work(item) }
      for (let one = done[spoken]; one !== undefined; one = done[++spoken]) told(one.item, one.result)
    }
  }
  await Promise.all(Array.from({ length: Math.min(jobs, items.length) }, next))
}
