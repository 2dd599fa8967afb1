/**
 * What one check has found. `problem`: it does not work, or will not; `warning`: it does, but not as well or as safely as it should;
 * `unknown`: it cannot be told from here.
 */
export interface Finding {
  readonly check: string
  readonly status: 'ok' | 'warning' | 'problem' | 'unknown'
  readonly found: string
  /** What to do about it. */
  readonly advice?: string
}

export function ok(check: string, found: string): Finding {
  return { check, status: 'ok', found }
}

export function unknown(check: string, found: string): Finding {
  return { check, status: 'unknown', found }
}

export function warning(check: string, found: string, advice: string): Finding {
  return { check, status: 'warning', found, advice }
}

export function problem(check: string, found: string, advice: string): Finding {
  return { check, status: 'problem', found, advice }
}

/** Bytes for people. */
export function size(bytes: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB']
  let value = bytes
  let unit = 0
  for (; value >= 1024 && unit < units.length - 1; unit++) value /= 1024
  return `${unit === 0 ? value : value.toFixed(1)} ${units[unit] ?? ''}`
}
