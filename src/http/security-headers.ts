/** Only our own origin may be loaded, connected to or posted to; no framing, no inline script or style. */
export const CONTENT_POLICY: Record<string, string[]> = {
  'default-src': ["'self'"],
  'base-uri': ["'none'"],
  'form-action': ["'self'"],
  'frame-ancestors': ["'none'"],
  'object-src': ["'none'"],
  'worker-src': ["'self'"],
  'manifest-src': ["'self'"],
}

export const STRICT_TRANSPORT = 'max-age=31536000'

/** The headers of a response that is sent before any hook runs. `requestId`: null for bytes that are no request. */
export function earlyHeaders(body: string, requestId: string | null): Record<string, string> {
  const policy = Object.entries(CONTENT_POLICY).map(([name, values]) => [name, ...values].join(' '))
  return {
    'content-type': 'application/json; charset=utf-8',
    'content-length': String(Buffer.byteLength(body)),
    'content-security-policy': policy.join(';'),
    'x-content-type-options': 'nosniff',
    'x-frame-options': 'DENY',
    'referrer-policy': 'same-origin',
    'cache-control': 'no-store',
    ...(requestId === null ? {} : { 'x-request-id': requestId }),
    connection: 'close',
  }
}
