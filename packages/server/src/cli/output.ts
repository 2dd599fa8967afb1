import type { KeyValue } from 'synod/store'
import { hexadecimal } from './identity.ts'
import { asText } from './keys.ts'

/** Whether the command has nothing to do any more once nobody reads its output, or it cannot be written. */
export const reader = { needed: true }

/** One JSON object on standard output. */
export function printJson(value: object): void {
  process.stdout.write(`${JSON.stringify(value)}\n`)
}

/** Bytes as they are, each followed by a new line. */
export function printBytes(...parts: readonly Uint8Array[]): void {
  const newLine = Uint8Array.of(10)
  process.stdout.write(Buffer.concat(parts.flatMap((part) => [part, newLine])))
}

export function printLine(text: string): void {
  process.stdout.write(`${text}\n`)
}

/** A key with its value for JSON: as text, or in base64 under another name where it is none. */
export function keyValueJson(kv: KeyValue): object {
  return {
    ...named('key', kv.key),
    ...named('value', kv.value),
    createRevision: kv.createRevision,
    modRevision: kv.modRevision,
    version: kv.version,
    ...(kv.lease === 0n ? {} : { lease: hexadecimal(kv.lease) }),
  }
}

function named(name: string, bytes: Uint8Array): object {
  const text = asText(bytes)
  return text === undefined ? { [`${name}Base64`]: Buffer.from(bytes).toString('base64') } : { [name]: text }
}

/** Bytes for people. */
export function size(bytes: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB']
  let value = bytes
  let unit = 0
  for (; value >= 1024 && unit < units.length - 1; unit++) value /= 1024
  return `${unit === 0 ? value : value.toFixed(1)} ${units[unit] ?? ''}`
}

/** Columns as wide as their widest cell, two spaces apart. */
export function table(rows: readonly (readonly string[])[]): string {
  const widths: number[] = []
  for (const row of rows) for (const [i, cell] of row.entries()) widths[i] = Math.max(widths[i] ?? 0, cell.length)
  return rows
    .map((row) =>
      row
        .map((cell, i) => cell.padEnd(widths[i] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n')
}
