/** How often something is said, in milliseconds: over the last line of a terminal, or as a line of its own. */
const terminalMs = 250
const lineMs = 10_000
/** Of a terminal that does not know how wide it is. */
const usualColumns = 80
const clear = '\r\u001B[K'

/** What goes on, on standard error: one line that is overwritten on a terminal, a line now and then elsewhere. */
export class ProgressLine {
  private readonly timer: NodeJS.Timeout
  private readonly terminal: boolean
  private text: () => string

  constructor(text: () => string) {
    this.text = text
    this.terminal = process.stderr.isTTY
    this.timer = setInterval(() => this.show(), this.terminal ? terminalMs : lineMs)
  }

  /** From now on, this goes on. */
  become(text: () => string): void {
    this.text = text
  }

  /** Once, on a line of its own. */
  say(text: string): void {
    process.stderr.write(`${this.terminal ? clear : ''}${text}\n`)
  }

  /** The line is gone from the terminal. */
  end(): void {
    clearInterval(this.timer)
    if (this.terminal) process.stderr.write(clear)
  }

  private show(): void {
    if (!this.terminal) process.stderr.write(`${this.text()}\n`)
    else process.stderr.write(`${clear}${this.text().slice(0, (process.stderr.columns || usualColumns) - 1)}`)
  }
}
