/**
 * The script of the picture that `synod check --html` writes: it runs in a browser, from inside the page, and imports
 * nothing. What it shows is plain data in the page; all text of a history becomes text nodes, never markup.
 */
import type { Drawing, DrawnCall, Partial } from 'synod/history'

/** One history of the page. */
export interface Picture {
  readonly heading: string
  /** The verdict in words. */
  readonly text: string
  readonly outcome: string
  readonly drawing: Drawing
}

const laneHeight = 34
const boxHeight = 24
const marginLeft = 12
/** What is drawn beyond both edges of what is visible, in pixels. */
const overscan = 400
const columnWidths = [6, 10, 16, 26, 42, 68]

/** The sign beside the color. */
const signs: Readonly<Record<string, string>> = { blocked: '✗', window: '!', unknown: '?', rejected: '∅' }

interface Box {
  readonly call: number
  readonly lane: number
  readonly left: number
  readonly right: number
}

/** One history: its lanes, the boxes that are in sight, and what is told of the one that is pointed at. */
class Chart {
  private readonly drawing: Drawing
  private readonly scroller: HTMLElement
  private readonly names: HTMLElement
  private readonly svg: SVGSVGElement
  private readonly backdrop: SVGGElement
  private readonly boxLayer: SVGGElement
  private readonly route: SVGGElement
  private readonly tip: HTMLElement
  private readonly elements = new Map<number, SVGGElement>()
  private boxes: Box[] = []
  private shownLanes: number[] = []
  private partition: string | undefined
  private zoom: number
  /** The call that the keyboard is at. */
  private current: number | undefined
  private pinned: number | undefined
  private pointed: number | undefined
  /** The calls of the partial linearization that is shown. */
  private placed: ReadonlySet<number> = new Set()

  constructor(section: HTMLElement, drawing: Drawing) {
    this.drawing = drawing
    this.zoom = drawing.calls.length > 200 ? 2 : 3
    this.scroller = child(section, 'div', 'chart')
    this.names = child(this.scroller, 'div', 'names')
    this.svg = svgChild(this.scroller, 'svg')
    this.svg.setAttribute('role', 'group')
    this.svg.setAttribute('aria-label', 'Operations, a lane per client. Arrow keys move, Enter pins, Escape lets go.')
    this.backdrop = svgChild(this.svg, 'g')
    this.boxLayer = svgChild(this.svg, 'g')
    this.route = svgChild(this.svg, 'g', { class: 'route', 'aria-hidden': 'true' })
    this.tip = child(section, 'div', 'tip')
    this.tip.setAttribute('role', 'status')
    this.scroller.addEventListener('scroll', () => requestAnimationFrame(() => this.render()))
    this.svg.addEventListener('keydown', (event) => this.onKey(event))
    new ResizeObserver(() => this.render()).observe(this.scroller)
  }

  /** Lays out one partition, or all of them. */
  show(partition: string | undefined): void {
    this.partition = partition
    this.pinned = undefined
    this.layOut()
    const blocked = this.boxes.find(({ call }) => this.call(call).mark === 'blocked')
    this.current = (blocked ?? this.boxes[0])?.call
    this.point(blocked?.call)
    if (blocked !== undefined) {
      this.scroller.scrollLeft = blocked.left - this.visibleWidth / 2
      this.scroller.scrollTop = middleOf(blocked.lane) - this.scroller.clientHeight / 2
    }
    this.render()
  }

  /** Brings the operation that the keyboard is at to where nothing covers it. */
  reveal(): void {
    this.elements.get(this.current ?? -1)?.scrollIntoView({ block: 'nearest', inline: 'nearest' })
  }

  zoomBy(steps: number): void {
    this.zoom = Math.min(columnWidths.length - 1, Math.max(0, this.zoom + steps))
    const middle = (this.scroller.scrollLeft + this.visibleWidth / 2) / Math.max(1, this.width)
    this.layOut()
    this.scroller.scrollLeft = middle * this.width - this.visibleWidth / 2
    this.point(this.pinned)
    this.render()
  }

  /** Of the lanes: their names stand before them. */
  private get visibleWidth(): number {
    return Math.max(40, this.scroller.clientWidth - this.names.offsetWidth)
  }

  private get width(): number {
    return Number(this.svg.getAttribute('width'))
  }

  private call(id: number): DrawnCall {
    const call = this.drawing.calls[id]
    if (call === undefined) throw new RangeError(`there is no operation ${id}`)
    return call
  }

  /** Time is drawn by the order of instants: each has a column of its own. */
  private layOut(): void {
    const own = this.drawing.calls.flatMap((call, id) =>
      this.partition === undefined || call.partition === this.partition ? [id] : [],
    )
    const instants = new Set(own.flatMap((id) => [this.call(id).from, this.call(id).to ?? Infinity]))
    const column = columnWidths[this.zoom] ?? 16
    const sorted = [...instants].toSorted((a, b) => a - b)
    const places = new Map(sorted.map((instant, i) => [instant, marginLeft + i * column]))
    const end = marginLeft + sorted.length * column + 24
    this.shownLanes = [...new Set(own.map((id) => this.call(id).lane))].toSorted((a, b) => this.compareLanes(a, b))
    const rows = new Map(this.shownLanes.map((lane, row) => [lane, row]))
    this.boxes = own.map((id) => {
      const { from, to, lane } = this.call(id)
      const left = places.get(from) ?? marginLeft
      const right = to === undefined ? end : Math.max(left + 8, (places.get(to) ?? left) + column * 0.7)
      return { call: id, lane: rows.get(lane) ?? 0, left, right }
    })
    const height = Math.max(1, this.shownLanes.length) * laneHeight
    setAll(this.svg, { width: String(end + 12), height: String(height) })
    this.names.replaceChildren()
    this.backdrop.replaceChildren()
    for (const [row, lane] of this.shownLanes.entries()) {
      child(this.names, 'div', 'name').textContent = this.drawing.lanes[lane] ?? ''
      const line = { x1: '0', x2: String(end + 12), y1: String(middleOf(row)), y2: String(middleOf(row)) }
      svgChild(this.backdrop, 'line', { ...line, class: 'lane' })
    }
    for (const element of this.elements.values()) element.remove()
    this.elements.clear()
    // The names stay in sight, and cover what is behind them.
    this.scroller.style.scrollPaddingLeft = `${this.names.offsetWidth}px`
  }

  /** Numbered clients by number, others in the order in which they came. */
  private compareLanes(a: number, b: number): number {
    const [x, y] = [Number(this.drawing.lanes[a]), Number(this.drawing.lanes[b])]
    return Number.isNaN(x - y) ? a - b : x - y
  }

  /** Only what is in sight has elements: a history may have ten thousand operations. */
  private render(): void {
    const from = this.scroller.scrollLeft - overscan
    const to = this.scroller.scrollLeft + this.visibleWidth + overscan
    for (const box of this.boxes) {
      const isVisible = (box.left <= to && box.right >= from) || box.call === this.current
      const element = this.elements.get(box.call)
      if (isVisible && element === undefined) this.elements.set(box.call, this.draw(box))
      else if (!isVisible && element !== undefined) {
        element.remove()
        this.elements.delete(box.call)
      }
    }
  }

  private draw(box: Box): SVGGElement {
    const call = this.call(box.call)
    const kind = call.mark ?? call.outcome
    const group = svgChild(this.boxLayer, 'g', {
      class: this.classOf(box.call),
      role: 'button',
      tabindex: box.call === this.current ? '0' : '-1',
      'aria-label': labelOf(call, this.drawing),
      'aria-pressed': String(box.call === this.pinned),
    })
    const top = middleOf(box.lane) - boxHeight / 2
    const [left, right, bottom] = [box.left, box.right, top + boxHeight]
    // An unknown outcome is open to the right.
    const closing = call.to === undefined ? '' : ' Z'
    svgChild(group, 'path', {
      class: 'box',
      d: `M ${right} ${top} H ${left} V ${bottom} H ${right}${closing}`,
    })
    const fits = Math.floor((right - left - 8) / 7)
    const sign = signs[kind]
    const words = `${sign === undefined ? '' : `${sign} `}${call.text}`
    const text = svgChild(group, 'text', { x: String(left + 4), y: String(top + 16) })
    text.textContent =
      words.length <= fits ? words : fits < 1 ? (sign ?? '') : `${words.slice(0, Math.max(1, fits - 1))}…`
    group.addEventListener('pointerenter', () => {
      if (this.pinned === undefined) this.point(box.call)
    })
    group.addEventListener('pointerleave', () => {
      if (this.pinned === undefined) this.point(undefined)
    })
    group.addEventListener('click', () => this.pin(box.call))
    group.addEventListener('focus', () => {
      if (this.pinned === undefined) this.point(box.call)
    })
    return group
  }

  private classOf(id: number): string {
    const { outcome, mark = '' } = this.call(id)
    return `call ${outcome} ${mark}${this.placed.has(id) ? ' placed' : ''}${id === this.pointed ? ' pointed' : ''}`
  }

  private pin(id: number): void {
    this.hold(this.pinned === id ? undefined : id)
    this.moveTo(id)
    this.point(id)
  }

  private hold(id: number | undefined): void {
    this.pinned = id
    for (const [call, element] of this.elements) element.setAttribute('aria-pressed', String(call === id))
  }

  private onKey(event: KeyboardEvent): void {
    const { current } = this
    if (current === undefined) return
    const target = this.targetOf(event.key, current)
    if (target !== undefined) this.moveTo(target)
    else if (event.key === 'Enter' || event.key === ' ') this.pin(current)
    else if (event.key === 'Escape') {
      this.hold(undefined)
      this.point(current)
    } else return
    event.preventDefault()
  }

  /** Left and right go by time in one lane, up and down to the nearest operation of the next lane. */
  private targetOf(key: string, current: number): number | undefined {
    const at = this.boxes.find(({ call }) => call === current)
    if (at === undefined) return undefined
    const inLane = (lane: number): Box[] => this.boxes.filter((box) => box.lane === lane)
    const own = inLane(at.lane)
    const place = own.indexOf(at)
    switch (key) {
      case 'ArrowLeft':
        return (own[place - 1] ?? at).call
      case 'ArrowRight':
        return (own[place + 1] ?? at).call
      case 'Home':
        return (own[0] ?? at).call
      case 'End':
        return (own.at(-1) ?? at).call
      case 'ArrowUp':
      case 'ArrowDown': {
        const lane = inLane(at.lane + (key === 'ArrowUp' ? -1 : 1))
        const distance = (box: Box): number => Math.abs(box.left - at.left)
        return lane.toSorted((a, b) => distance(a) - distance(b))[0]?.call ?? at.call
      }
      default:
        return undefined
    }
  }

  private moveTo(id: number): void {
    this.elements.get(this.current ?? -1)?.setAttribute('tabindex', '-1')
    this.current = id
    const box = this.boxes.find(({ call }) => call === id)
    if (
      box !== undefined &&
      (box.left < this.scroller.scrollLeft || box.left > this.scroller.scrollLeft + this.visibleWidth - 40)
    )
      this.scroller.scrollLeft = box.left - this.visibleWidth / 3
    this.render()
    const element = this.elements.get(id)
    element?.setAttribute('tabindex', '0')
    element?.focus({ preventScroll: true })
    this.reveal()
  }

  /** Shows what is known of a call: the best partial linearization that contains it, and the states around it. */
  private point(id: number | undefined): void {
    this.route.replaceChildren()
    this.tip.replaceChildren()
    const partial = id === undefined ? undefined : this.partialFor(this.call(id))
    this.pointed = id
    this.placed = new Set(partial?.order)
    for (const [call, element] of this.elements) element.setAttribute('class', this.classOf(call))
    if (id === undefined) {
      this.tip.textContent =
        'Point at an operation to see the best partial linearization through it; click or Enter pins it.'
      return
    }
    const call = this.call(id)
    if (partial !== undefined) this.drawRoute(partial)
    const title = child(this.tip, 'p', 'title')
    title.textContent = `${signs[call.mark ?? call.outcome] ?? ''} ${labelOf(call, this.drawing)}`.trim()
    const place = partial?.order.indexOf(id) ?? -1
    const list = child(this.tip, 'dl')
    if (partial === undefined || place < 0) {
      const longest =
        partial === undefined
          ? 'none was found'
          : `the line shows the longest of its partition, of ${partial.order.length} operations`
      describe(list, 'placed', `in no partial linearization: ${longest}`)
      return
    }
    describe(
      list,
      'placed',
      `${place + 1}. of ${partial.order.length} in the longest partial linearization that contains it`,
    )
    describe(list, 'before', this.stateText(partial, place))
    describe(list, 'after', this.stateText(partial, place + 1))
  }

  private partialFor(call: DrawnCall): Partial | undefined {
    if (call.partial !== undefined) return this.drawing.partials[call.partial]
    // The partials of a partition come longest first.
    const longest = this.drawing.calls.find((one) => one.partition === call.partition && one.partial !== undefined)
    const candidates = this.drawing.calls.flatMap((one) =>
      one.partition === call.partition && one.partial !== undefined ? [one.partial] : [],
    )
    return longest === undefined ? undefined : this.drawing.partials[Math.min(...candidates)]
  }

  private stateText(partial: Partial, place: number): string {
    return this.drawing.states[partial.states[place] ?? -1] ?? ''
  }

  private drawRoute({ order }: Partial): void {
    const boxes = new Map(this.boxes.map((box) => [box.call, box]))
    let x = 0
    const points = order.flatMap((call, i) => {
      const box = boxes.get(call)
      if (box === undefined) return []
      x = Math.max(x + 1, Math.min(box.left + 6, box.right))
      return [{ x, y: middleOf(box.lane) + boxHeight / 2 - 2, number: i + 1 }]
    })
    svgChild(this.route, 'polyline', { points: points.map(({ x: left, y }) => `${left},${y}`).join(' ') })
    for (const { x: left, y, number } of points) {
      const circle = svgChild(this.route, 'circle', { cx: String(left), cy: String(y), r: '3' })
      svgChild(circle, 'title').textContent = String(number)
    }
  }
}

function labelOf(call: DrawnCall, { lanes }: Drawing): string {
  const until = call.to === undefined ? 'and its outcome is unknown' : `to ${call.to}`
  const mark = { blocked: ': cannot be placed', window: ': part of the proof' }
  const reason = call.reason === undefined ? '' : `, ${call.outcome}: ${call.reason}`
  const what = call.mark === undefined ? '' : mark[call.mark]
  return `client ${lanes[call.lane] ?? ''}, ${call.text}, from ${call.from} ${until}${reason}${what}`
}

function middleOf(row: number): number {
  return row * laneHeight + laneHeight / 2
}

function describe(list: HTMLElement, term: string, description: string): void {
  child(list, 'dt').textContent = term
  child(list, 'dd').textContent = description
}

function child<Name extends keyof HTMLElementTagNameMap>(
  parent: HTMLElement,
  name: Name,
  className = '',
): HTMLElementTagNameMap[Name] {
  const element = document.createElement(name)
  if (className !== '') element.className = className
  parent.append(element)
  return element
}

function svgChild<Name extends keyof SVGElementTagNameMap>(
  parent: Element,
  name: Name,
  attributes: Readonly<Record<string, string>> = {},
): SVGElementTagNameMap[Name] {
  const element = document.createElementNS('http://www.w3.org/2000/svg', name)
  setAll(element, attributes)
  parent.append(element)
  return element
}

function setAll(element: Element, attributes: Readonly<Record<string, string>>): void {
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value)
}

function mount(main: HTMLElement, { heading, text, outcome, drawing }: Picture): Chart {
  const section = child(main, 'section', outcome)
  child(section, 'h2').textContent = heading
  child(section, 'pre').textContent = text
  const { calls, operations } = drawing
  if (operations > calls.length)
    child(section, 'p').textContent =
      `${calls.length} of ${operations} operations are drawn: those around what is wrong.`
  const tools = child(section, 'div', 'tools')
  const chart = new Chart(section, drawing)
  const partitions = [...new Set(calls.map(({ partition }) => partition))]
  const blamed = calls.find(({ mark }) => mark === 'blocked')?.partition
  if (partitions.length > 1) {
    const label = child(tools, 'label')
    label.textContent = 'Partition '
    const select = child(label, 'select')
    child(select, 'option').textContent = 'all'
    for (const partition of partitions) {
      const wrong = partition === blamed ? ' ✗' : ''
      child(select, 'option').textContent = `${JSON.stringify(partition)}${wrong}`
    }
    select.selectedIndex = blamed === undefined ? 0 : 1 + partitions.indexOf(blamed)
    select.addEventListener('change', () => {
      chart.show(partitions[select.selectedIndex - 1])
      chart.reveal()
    })
  }
  for (const [sign, name, steps] of [
    ['−', 'Narrower', -1],
    ['+', 'Wider', 1],
  ] as const) {
    const button = child(tools, 'button')
    button.type = 'button'
    button.textContent = sign
    button.setAttribute('aria-label', name)
    button.addEventListener('click', () => chart.zoomBy(steps))
  }
  chart.show(partitions.length > 1 ? blamed : undefined)
  return chart
}

const main = document.querySelector('main')
const data = document.querySelector('#pictures')?.textContent
if (main !== null && data !== null && data !== undefined) {
  const pictures = JSON.parse(data) as Picture[]
  const charts = pictures.map((picture) => mount(main, picture))
  // What the page is about: the first operation that cannot be placed.
  charts[pictures.findIndex(({ outcome }) => outcome === 'not-linearizable')]?.reveal()
}
