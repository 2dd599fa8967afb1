import { reader } from './cli/output.ts'
import { run } from './cli/program.ts'

// Whoever reads our output may have read enough: `synod get --prefix a | head`.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (reader.needed && error.code === 'EPIPE') process.exit()
  if (reader.needed) throw error
  if (error.code !== 'EPIPE') process.stderr.write(`synod: standard output cannot be written: ${error.message}\n`)
})

process.exitCode = await run(process.argv, process.env)
