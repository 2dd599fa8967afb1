/** By the codes of OpenSSL and Node.js: what went wrong between two sides, and what to do about it. */
const reasons: Readonly<Record<string, string>> = {
  ERR_SSL_HTTP_REQUEST: 'it speaks plaintext, and TLS is expected here: it has to use an https:// URL',
  ERR_SSL_WRONG_VERSION_NUMBER:
    'the other side speaks plaintext where TLS is expected: one of http:// and https:// is wrong',
  ERR_SSL_PACKET_LENGTH_TOO_LONG:
    'the other side speaks plaintext where TLS is expected: one of http:// and https:// is wrong',
  ERR_SSL_UNSUPPORTED_PROTOCOL: 'it offers no version of TLS that is allowed here',
  ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION: 'the other side allows no version of TLS that is offered here',
  ERR_SSL_NO_SHARED_CIPHER: 'both sides have no cipher suite in common',
  ERR_SSL_PEER_DID_NOT_RETURN_A_CERTIFICATE: 'it has shown no certificate, and one is required',
  ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED: 'the other side requires a certificate, and none was shown',
  ERR_SSL_SSLV3_ALERT_CERTIFICATE_EXPIRED: 'the other side says that the certificate has expired',
  ERR_SSL_SSL_ALERT_CERTIFICATE_EXPIRED: 'the other side says that the certificate has expired',
  ERR_SSL_TLSV1_ALERT_UNKNOWN_CA: 'the other side does not trust the authority of the certificate',
  ERR_SSL_SSL_ALERT_BAD_CERTIFICATE: 'the other side does not accept the certificate',
  ERR_SSL_SSLV3_ALERT_BAD_CERTIFICATE: 'the other side does not accept the certificate',
  ERR_SSL_NO_APPLICATION_PROTOCOL: 'it speaks neither HTTP/2 nor HTTP/1.1 (ALPN)',
  ERR_TLS_HANDSHAKE_TIMEOUT: 'the handshake of TLS took too long',
  CERT_HAS_EXPIRED: 'its certificate has expired: renew it',
  CERT_NOT_YET_VALID: 'its certificate is not valid yet: compare the clocks',
  INVALID_PURPOSE: 'its certificate is not made for this side of a connection (extended key usage)',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'its certificate is signed by itself, and not by a trusted authority',
  SELF_SIGNED_CERT_IN_CHAIN: 'its certificate is of an authority that is not trusted here',
  UNABLE_TO_GET_ISSUER_CERT: 'its certificate is of an authority that is not trusted here',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'its certificate is of an authority that is not trusted here',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'its certificate is of an authority that is not trusted here',
  CERT_SIGNATURE_FAILURE: 'its certificate is of an authority that is not trusted here, though of the same name',
}

/**
 * What an error of TLS means, in words; undefined: it is none. The code stands behind it; OpenSSL's own messages, which name
 * threads and source files, are left out.
 */
export function tlsFailure(error: Error): string | undefined {
  const code = 'code' in error && typeof error.code === 'string' ? error.code : ''
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID') return `its certificate names another host: ${error.message}`
  return tlsReason(code === 'EPROTO' ? codeIn(error.message) : code)
}

/** Who was writing when the handshake failed is told OpenSSL's own words: "write EPROTO …:SSL routines:…:wrong version number:…". */
function codeIn(message: string): string {
  const [, words] = /:SSL routines:[^:]*:([^:]+)/.exec(message) ?? []
  return words === undefined ? '' : `ERR_SSL_${words.toUpperCase().replaceAll(/[^A-Z0-9]/g, '_')}`
}

/** The same of a code alone. */
export function tlsReason(code: string): string | undefined {
  if (Object.hasOwn(reasons, code)) return `${reasons[code]} (${code})`
  return code.startsWith('ERR_SSL_') ? `TLS failed: ${code}` : undefined
}
