import { workerData } from 'node:worker_threads'
import { protocolNamed } from './protocols.ts'
import { serve } from './serve.ts'
import type { ThreadData } from './tasks.ts'

// A thread of a campaign.
const { protocol, scenario } = workerData as ThreadData
serve(protocolNamed(protocol), scenario)
