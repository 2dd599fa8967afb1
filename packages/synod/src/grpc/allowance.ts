import { ConnectionError, ErrorCode } from './frames.ts'

const periodMs = 1000
const answerReward = 4

/**
 * What a peer may make us do without a request: PING and SETTINGS that must be answered, empty DATA, streams given up as
 * soon as they are opened (CVE-2019-9512 to 9518, CVE-2023-44487, CVE-2024-27316). A second has its allowance; requests
 * that are answered earn some more, because honest clients ping and adjust windows along with their work.
 */
export class Allowance {
  private readonly perSecond: number
  private left: number
  private since: number

  constructor(perSecond: number, now: number) {
    this.since = now
    this.perSecond = perSecond
    this.left = perSecond
  }

  spend(cost: number, now: number): void {
    this.left -= cost
    if (this.left >= 0) return
    if (now - this.since < periodMs) {
      throw new ConnectionError(ErrorCode.enhanceYourCalm, 'too many frames that carry no request')
    }
    this.since = now
    this.left = this.perSecond - cost
  }

  earn(): void {
    if (this.left < this.perSecond) this.left += answerReward
  }
}
