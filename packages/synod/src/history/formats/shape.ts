/** What JSON must look like: a test, and words for whoever fails it. */
export interface Shape {
  readonly expected: string
  accepts(value: unknown): boolean
}

export const text: Shape = { expected: 'text', accepts: (value) => typeof value === 'string' }
export const number: Shape = { expected: 'number', accepts: (value) => typeof value === 'number' }
export const whole: Shape = { expected: 'whole number', accepts: Number.isSafeInteger }
export const yesOrNo: Shape = { expected: 'true or false', accepts: (value) => typeof value === 'boolean' }

export function literal(value: string | null): Shape {
  return { expected: JSON.stringify(value), accepts: (found) => found === value }
}

export function oneOf(...shapes: readonly Shape[]): Shape {
  return {
    expected: shapes.map(({ expected }) => expected).join(' | '),
    accepts: (value) => shapes.some((shape) => shape.accepts(value)),
  }
}

export function literals(...values: readonly string[]): Shape {
  return oneOf(...values.map(literal))
}

export function list(element: Shape): Shape {
  return {
    expected: `[${element.expected}, …]`,
    accepts: (value) => Array.isArray(value) && value.every((one) => element.accepts(one)),
  }
}

/** `name?` may be missing. Fields that are not named are not looked at. */
export function record(fields: Readonly<Record<string, Shape>>): Shape {
  const named = Object.entries(fields).map(([name, shape]) => ({
    name: name.replace(/\?$/, ''),
    mayBeMissing: name.endsWith('?'),
    shape,
  }))
  return {
    expected: `{${Object.entries(fields)
      .map(([name, { expected }]) => `${name}: ${expected}`)
      .join(', ')}}`,
    accepts(value) {
      if (typeof value !== 'object' || value === null || Array.isArray(value)) return false
      const found = value as Readonly<Record<string, unknown>>
      return named.every(({ name, mayBeMissing, shape }) =>
        found[name] === undefined ? mayBeMissing : shape.accepts(found[name]),
      )
    },
  }
}

/** A shape that contains itself; `expected` is how it is called inside. */
export function recursive(expected: string, shape: () => Shape): Shape {
  return { expected, accepts: (value) => shape().accepts(value) }
}
