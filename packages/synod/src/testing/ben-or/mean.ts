export interface Mean {
  readonly average: number
  /** Half the width of the confidence interval of 99.9 %, by the normal distribution. */
  readonly margin: number
}

/** Of independent samples. */
export function mean(samples: readonly number[]): Mean {
  const average = samples.reduce((sum, one) => sum + one, 0) / samples.length
  const variance = samples.reduce((sum, one) => sum + (one - average) ** 2, 0) / (samples.length - 1)
  return { average, margin: 3.2905 * Math.sqrt(variance / samples.length) }
}
