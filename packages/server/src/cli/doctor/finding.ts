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
