import type { LimitName } from './counters.ts'
import { ConnectionError, ErrorCode } from './frames.ts'

const periodMs = 1000

/** What a peer may send that costs work and is no request, in each second. Larger than what honest clients need. */
export interface FrameRates {
  /** Streams given up as soon as they are opened, or broken on purpose so that we give them up (CVE-2023-44487, CVE-2025-8671). */
  readonly resetsPerSecondMax: number
  readonly pingsPerSecondMax: number
  /** Single settings, not frames of them. */
  readonly settingsPerSecondMax: number
  /** DATA, HEADERS and CONTINUATION without content. */
  readonly emptyFramesPerSecondMax: number
  /** The rest: windows opened though nothing waits, priorities, CONTINUATION, frames of unknown types or closed streams. */
  readonly controlFramesPerSecondMax: number
}

export const FrameKind = { reset: 0, ping: 1, setting: 2, empty: 3, control: 4 } as const
type FrameKind = (typeof FrameKind)[keyof typeof FrameKind]

const names: readonly LimitName[] = ['resets', 'pings', 'settings', 'empty_frames', 'control_frames']
/** What one answered request allows more: honest clients ping, adjust windows and change their minds along with their work. */
const rewards: readonly number[] = [1, 4, 0, 4, 4]

/**
 * What a peer may make us do without a request (CVE-2019-9512 to 9518, CVE-2023-44487, CVE-2024-27316): each second has
 * an allowance of every kind of frame, and requests that are answered earn some more.
 */
export class Allowance {
  private readonly maxima: readonly number[]
  private readonly spent: number[] = [0, 0, 0, 0, 0]
  private answered = 0
  private since: number

  constructor(rates: FrameRates, now: number) {
    this.since = now
    this.maxima = [
      rates.resetsPerSecondMax,
      rates.pingsPerSecondMax,
      rates.settingsPerSecondMax,
      rates.emptyFramesPerSecondMax,
      rates.controlFramesPerSecondMax,
    ]
  }

  /** Throws ConnectionError when that was one too many. */
  spend(kind: FrameKind, now: number): void {
    if (now - this.since >= periodMs) {
      this.since = now
      this.answered = 0
      this.spent.fill(0)
    }
    const spent = (this.spent[kind] ?? 0) + 1
    this.spent[kind] = spent
    if (spent <= (this.maxima[kind] ?? 0) + this.answered * (rewards[kind] ?? 0)) return
    const name = names[kind]
    throw new ConnectionError(
      ErrorCode.enhanceYourCalm,
      `too many ${name?.replace('_', ' ')} a second: ${spent}, at most ${this.maxima[kind]} are allowed`,
      name,
    )
  }

  earn(): void {
    this.answered++
  }
}
