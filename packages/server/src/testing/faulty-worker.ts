import { workerData } from 'node:worker_threads'
import { serve } from '../cli/simulate/serve.ts'
import type { ThreadData } from '../cli/simulate/tasks.ts'
import { faultyProtocol } from './faulty-protocols.ts'

// A thread of a campaign over a protocol that fails.
const data = workerData as ThreadData
serve(faultyProtocol(data.protocol), data)
