// Sends requests to 127.0.0.1, port argv[2], each on a connection of its own, argv[3] at once. Told `stop` over IPC, reports how
// many were answered, refused by the kernel, and lost: sent on an open connection that was closed without an answer.
import { connect } from 'node:net'

const [port, atOnce] = process.argv.slice(2).map(Number)
const REQUEST = 'POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\nConnection: close\r\n\r\n'
const counts = { answered: 0, refused: 0, lost: 0 }
let isStopped = false

/** @returns {Promise<keyof typeof counts>} */
const send = () =>
  new Promise((resolve) => {
    let isSent = false
    let answer = ''
    connect(port ?? 0, '127.0.0.1', function () {
      isSent = true
      this.write(REQUEST)
    })
      .on('data', (bytes) => {
        answer += bytes
      })
      .on('error', () => {})
      .on('close', () => resolve(answer ? 'answered' : isSent ? 'lost' : 'refused'))
  })

async function work() {
  while (!isStopped) {
    counts[await send()]++
    await new Promise((resolve) => setTimeout(resolve, 1))
  }
}

process.once('message', () => {
  isStopped = true
})
await Promise.all(Array.from({ length: atOnce ?? 1 }, work))
process.send?.(counts, () => process.disconnect())
