import { reader } from './cli/output.ts'
import { run } from './cli/program.ts'

// Whoever reads our output may have read enough: `synod get --prefix a | head`.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error
  if (reader.needed) process.exit()
})

process.exitCode = await run(process.argv, process.env)
