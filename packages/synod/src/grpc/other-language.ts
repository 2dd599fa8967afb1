/** How records of TLS begin that greet, or that say why there is no greeting (RFC 8446 §5.1): neither HTTP/1.1 nor HTTP/2 does. */
export const tlsHandshake = 22
const tlsAlert = 21
const letterH = 72

const answerLengthMax = 200

/** What a port says in plaintext to whoever speaks plaintext to it, where it speaks TLS. */
export const speaksTls: string = badRequest(
  'This port speaks TLS: https:// is wanted, and --cacert with its authority.',
)
/** The other way round: a client of TLS reads that these are no records of TLS. */
export const speaksPlaintext: string = badRequest('This port speaks plaintext: http:// is wanted.')
export const speaksGrpc: string = badRequest('This port speaks gRPC, over HTTP/2.')

function badRequest(text: string): string {
  const head = ['HTTP/1.1 400 Bad Request', 'content-type: text/plain', `content-length: ${text.length + 1}`]
  return [...head, 'connection: close', '', `${text}\n`].join('\r\n')
}

/**
 * What a server said first that speaks no HTTP/2, in words; undefined: it may be a frame. The first byte tells: as a frame's
 * length, these are far beyond what a client allows.
 */
export function otherLanguage(first: Buffer): string | undefined {
  if (first[0] === tlsAlert) return 'the server speaks TLS: https:// is wanted, and --cacert with its authority'
  if (first[0] !== letterH) return undefined
  const [head = '', body = ''] = first.toString('latin1').split('\r\n\r\n', 2)
  const [line = ''] = (body === '' ? head : body).split(/[\r\n]/, 1)
  return `the server does not speak HTTP/2: ${line.replaceAll(/[^ -~]/g, '?').slice(0, answerLengthMax)}`
}
