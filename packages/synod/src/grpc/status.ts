/** The status codes of gRPC that this layer gives by itself. */
export const Code = {
  ok: 0,
  cancelled: 1,
  unknown: 2,
  invalidArgument: 3,
  deadlineExceeded: 4,
  resourceExhausted: 8,
  unimplemented: 12,
  internal: 13,
  unavailable: 14,
} as const

/** `grpc-message`: UTF-8, of which all but printable ASCII, and the percent sign, are written as %XX. */
export function encodeMessage(message: string): string {
  if (/^[ -$&-~]*$/.test(message)) return message
  let text = ''
  for (const byte of Buffer.from(message, 'utf8')) {
    const plain = byte >= 0x20 && byte <= 0x7e && byte !== 0x25
    text += plain ? String.fromCharCode(byte) : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`
  }
  return text
}

/** Never fails: what is no escape stays as it is, and bytes that are no UTF-8 become the replacement character. */
export function decodeMessage(text: string): string {
  if (!text.includes('%')) return text
  const bytes: number[] = []
  for (let at = 0; at < text.length; at++) {
    const hex = text.slice(at + 1, at + 3)
    if (text[at] === '%' && /^[0-9a-fA-F]{2}$/.test(hex)) {
      bytes.push(Number.parseInt(hex, 16))
      at += 2
    } else {
      bytes.push(text.charCodeAt(at) & 0xff)
    }
  }
  return Buffer.from(bytes).toString('utf8')
}

const unitMs: Readonly<Record<string, number>> = { H: 3_600_000, M: 60_000, S: 1000, m: 1, u: 0.001, n: 0.000_001 }

/** `grpc-timeout`, at most eight digits and a unit, as milliseconds; undefined if it is none. */
export function decodeTimeout(text: string): number | undefined {
  const unit = unitMs[text.slice(-1)]
  const digits = text.slice(0, -1)
  if (unit === undefined || !/^\d{1,8}$/.test(digits)) return undefined
  return Number(digits) * unit
}

/** In the finest unit that eight digits can hold; never shorter than asked for. */
export function encodeTimeout(timeoutMs: number): string {
  for (const unit of ['u', 'm', 'S', 'M'] as const) {
    const count = Math.max(1, Math.ceil(timeoutMs / (unitMs[unit] ?? 1)))
    if (count < 100_000_000) return `${count}${unit}`
  }
  return '99999999H'
}

/** What an HTTP status without a gRPC status means, by gRPC's own table. */
export function codeOfHttpStatus(status: number): number {
  switch (status) {
    case 400:
      return Code.internal
    case 401:
      return 16
    case 403:
      return 7
    case 404:
      return Code.unimplemented
    case 429:
    case 502:
    case 503:
    case 504:
      return Code.unavailable
    default:
      return Code.unknown
  }
}

/** Throws for what HTTP/2 cannot carry; `-bin` values are base64, made by the caller. */
export function checkMetadata(metadata: Readonly<Record<string, string>> | undefined): void {
  if (metadata === undefined) return
  for (const [name, value] of Object.entries(metadata)) {
    if (!/^[0-9a-z_.-]+$/.test(name)) {
      throw new TypeError(`metadata name ${JSON.stringify(name)}: use lower-case letters, digits, and _ - . only`)
    }
    if (!/^[ -~]*$/.test(value)) {
      throw new TypeError(
        `metadata ${name}: its value is not printable ASCII; name it ${name}-bin and give it as base64`,
      )
    }
  }
}
