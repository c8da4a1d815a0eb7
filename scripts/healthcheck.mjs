// @ts-check
// `node healthcheck.js [/readyz]` in a release folder: exits with 0 if the service on PORT answers 200 to that path, or
// else to /healthz. For containers and scripts, which need no curl.
import { get } from 'node:http'

const TIMEOUT_MS = 3000
const { HOST = '', PORT } = process.env
// an address that stands for all of them is none to connect to
const host = HOST === '' || HOST === '0.0.0.0' ? '127.0.0.1' : HOST === '::' ? '::1' : HOST

const request = get(
  {
    host,
    port: Number(PORT || 3000),
    path: process.argv[2] ?? '/healthz',
    timeout: TIMEOUT_MS,
    agent: false,
  },
  ({ statusCode }) => process.exit(statusCode === 200 ? 0 : 1),
)
request.on('timeout', () => process.exit(1))
request.on('error', () => process.exit(1))
