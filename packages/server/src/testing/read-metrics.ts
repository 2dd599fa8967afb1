type Labels = Readonly<Record<string, string>>

interface ScrapedSample {
  readonly labels: Labels
  readonly value: number
}

/** What a text for Prometheus says, read by its rules (version 0.0.4 of the format). */
export class Scraped {
  readonly types = new Map<string, string>()
  /** Where the text breaks the rules. */
  readonly problems: string[] = []
  private readonly byName = new Map<string, ScrapedSample[]>()
  private readonly lines = new Set<string>()
  private helped = ''

  take(line: string): void {
    const comment = /^# (HELP|TYPE) (\S+) (.+)$/.exec(line)
    if (comment !== null) this.comment(...(comment.slice(1) as [string, string, string]))
    else if (line !== '') this.sample(line)
  }

  private comment(kind: string, name: string, rest: string): void {
    if (kind === 'HELP') this.helped = name
    else if (this.helped !== name) this.problems.push(`${name} has no help`)
    else if (this.types.has(name)) this.problems.push(`${name} is there twice`)
    else this.types.set(name, rest)
  }

  private sample(line: string): void {
    const [, name = '', labelText = '', number = ''] = /^([a-z_A-Z]\w*)(?:\{(.*)\})? (\S+)$/.exec(line) ?? []
    const series = line.slice(0, line.lastIndexOf(' '))
    if (name === '' || (number !== 'NaN' && Number.isNaN(Number(number.replace('+Inf', 'Infinity'))))) {
      this.problems.push(`it cannot be read: ${line}`)
    }
    if (this.lines.has(series)) this.problems.push(`it is there twice: ${series}`)
    if (!name.startsWith(this.helped)) this.problems.push(`it belongs to no metric: ${line}`)
    this.lines.add(series)
    const labels = Object.fromEntries(
      [...labelText.matchAll(/(\w+)="([^"]*)"/g)].map(([, key = '', value = '']) => [key, value]),
    )
    this.byName.set(name, [...this.samples(name), { labels, value: Number(number) }])
  }

  samples(name: string): readonly ScrapedSample[] {
    return this.byName.get(name) ?? []
  }

  /** Of the one line that has these labels, and perhaps others. */
  value(name: string, labels: Labels = {}): number {
    const found = this.samples(name).filter((one) =>
      Object.entries(labels).every(([key, value]) => one.labels[key] === value),
    )
    if (found.length !== 1) throw new Error(`${found.length} lines of ${name} with ${JSON.stringify(labels)}`)
    return found[0]?.value ?? 0
  }

  sum(name: string): number {
    return this.samples(name).reduce((total, { value }) => total + value, 0)
  }
}

export function readMetrics(text: string): Scraped {
  const scraped = new Scraped()
  for (const line of text.split('\n')) scraped.take(line)
  return scraped
}
