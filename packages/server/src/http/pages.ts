import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Logger } from 'synod'
import { synodVersion } from '../cli/version.ts'
import { etcdClusterVersion, etcdVersion } from '../etcd/front.ts'
import { answer, answerJson, answerNotFound, answerText, onlyGet } from './answer.ts'
import type { Exchange } from './answer.ts'
import { Gateway } from './gateway.ts'
import type { Health } from './health.ts'

/** What can be had over HTTP/1.1. */
export interface Pages {
  /** undefined: where nothing but the state of this member may be seen. */
  readonly gateway: Gateway | undefined
  readonly health: Health
  /** The text of /metrics, and what it is. */
  readonly metrics: () => Promise<{ readonly contentType: string; readonly text: string }>
  readonly log: Logger
}

const versions = {
  etcdserver: etcdVersion,
  etcdcluster: etcdClusterVersion,
  storage: etcdClusterVersion,
  synod: synodVersion(),
}

const welcome = `This is Synod ${versions.synod}, which speaks the API of etcd ${versions.etcdserver}.

gRPC, over HTTP/2, is on this port too: etcdctl, or npx synod.

  /health /livez /readyz   whether this member is well (?verbose, ?exclude=NAME, ?serializable=true)
  /version /metrics        what it is, and how it fares (for Prometheus)
  /v3/…                    the API as JSON, by POST:

  curl -d '{"key":"Zm9v","value":"YmFy"}' http://THIS/v3/kv/put
`
const metricsWelcome = `This is Synod ${versions.synod}.

  /health /livez /readyz   whether this member is well (?verbose, ?exclude=NAME, ?serializable=true)
  /version /metrics        what it is, and how it fares (for Prometheus)
`

/** Answers one request. */
export function servePage(pages: Pages, request: IncomingMessage, response: ServerResponse): void {
  // A proxy may ask for the whole URL.
  const target = (request.url ?? '/').replace(/^https?:\/\/[^/?]*/i, '')
  const [path = '', ...query] = target.split('?')
  const exchange: Exchange = { request, response, path, query: new URLSearchParams(query.join('?')) }
  if (Gateway.owns(exchange.path)) {
    if (pages.gateway === undefined) answerNotFound(exchange)
    else pages.gateway.serve(exchange)
  } else if (!pages.health.serve(exchange)) servePlain(pages, exchange)
}

function servePlain(pages: Pages, exchange: Exchange): void {
  switch (exchange.path) {
    case '/':
      return onlyGet(exchange, () => serveRoot(pages, exchange))
    case '/version':
      return onlyGet(exchange, () => answerJson(exchange, 200, versions))
    case '/metrics':
      return onlyGet(exchange, () => void serveMetrics(pages, exchange))
    case '/debug/vars':
      return onlyGet(exchange, () => answer(exchange, 200, 'application/json; charset=utf-8', debugVariables()))
    default:
      return answerNotFound(exchange)
  }
}

/** A person sees what this is; a program what it would see at etcd's. */
function serveRoot({ gateway }: Pages, exchange: Exchange): void {
  if (exchange.request.headers.accept?.includes('text/html') !== true) return answerNotFound(exchange)
  answerText(exchange, 200, gateway === undefined ? metricsWelcome : welcome)
}

async function serveMetrics({ metrics, log }: Pages, exchange: Exchange): Promise<void> {
  try {
    const { contentType, text } = await metrics()
    answer(exchange, 200, contentType, text)
  } catch (error) {
    log.error('the metrics could not be told', { error })
    answerText(exchange, 500, 'internal error\n')
  }
}

/** Under the names of Go's runtime that have a meaning here. */
function debugVariables(): string {
  const { rss, heapTotal, heapUsed } = process.memoryUsage()
  return JSON.stringify({ cmdline: process.argv, memstats: { Alloc: heapUsed, HeapSys: heapTotal, Sys: rss } })
}
