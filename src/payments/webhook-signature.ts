import { createHmac, timingSafeEqual } from 'node:crypto'

/** HMAC-SHA256 of the raw body, in hex (https://razorpay.com/docs/webhooks/validate-test/). */
export function signWebhook(rawBody: Buffer | string, secret: string): string {
  return createHmac('sha256', secret).update(rawBody).digest('hex')
}

/** Whether the signature of the body is valid. Compares in constant time. */
export function isSignedWith(rawBody: Buffer, signature: string | undefined, secret: string): boolean {
  if (signature === undefined || !/^[0-9a-f]{64}$/i.test(signature)) return false
  const expected = Buffer.from(signWebhook(rawBody, secret), 'hex')
  return timingSafeEqual(expected, Buffer.from(signature, 'hex'))
}
