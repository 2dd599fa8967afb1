import { workerData } from 'node:worker_threads'
import { findProtocol } from './protocols.ts'
import { serve } from './serve.ts'
import type { ThreadData } from './tasks.ts'

// A thread of a campaign.
const data = workerData as ThreadData
serve(await findProtocol(data.protocol), data)
