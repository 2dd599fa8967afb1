/** Waits until something holds that comes about by itself in this process; not so long that a mutant would be taken for one that hangs. */
export async function until(holds: () => boolean): Promise<void> {
  const last = performance.now() + 3000
  while (!holds()) {
    if (performance.now() > last) throw new Error(`what was waited for did not come about: ${String(holds)}`)
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}
