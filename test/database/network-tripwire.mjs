// Preloaded into every Node process of a test (NODE_OPTIONS): refuses connections that would leave this machine, and
// writes their targets to the file in NETWORK_TRIPWIRE.
import { appendFileSync } from 'node:fs'
import net from 'node:net'

const { NETWORK_TRIPWIRE: log = '' } = process.env
const { connect } = net.Socket.prototype
const LOCAL = new Set(['localhost', '127.0.0.1', '::1'])

net.Socket.prototype.connect = function (...args) {
  // net itself passes its arguments as one array
  const [first, second] = Array.isArray(args[0]) ? args[0] : args
  const target = typeof first === 'object' ? first : { port: first, host: second }
  const host = typeof target.host === 'string' ? target.host : 'localhost'
  const isPath = target.path !== undefined || typeof first === 'string'
  if (!isPath && !LOCAL.has(host)) {
    appendFileSync(log, `${host}:${target.port} from ${process.argv.join(' ')}\n`)
    throw new Error(`a connection to ${host} was attempted`)
  }
  return connect.apply(this, args)
}
