import { simulate } from '../cli/simulate/command.ts'
import type { SimulateOptions } from '../cli/simulate/settings.ts'
import { faultyProtocol } from './faulty-protocols.ts'

// `synod simulate` over protocols that fail: NAME OPTIONS, these as JSON.
const [name = '', options = '{}'] = process.argv.slice(2)
process.exitCode = await simulate(name, JSON.parse(options) as SimulateOptions, {
  findProtocol: async (argument) => Promise.resolve(faultyProtocol(argument)),
  program: new URL('faulty-worker.ts', import.meta.url),
  patience: name === 'hangs' ? 2000 : 60_000,
})
