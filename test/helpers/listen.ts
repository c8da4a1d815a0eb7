import type { Server } from 'node:net'

/** The port that a listening server has. */
export function portOf(server: Pick<Server, 'address'>): number {
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('the server does not listen on a port')
  return address.port
}

/** Listens on a free port of 127.0.0.1 and resolves to it. */
export async function listen(server: Server): Promise<number> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(0, '127.0.0.1', () => {
      server.off('error', reject)
      resolve()
    })
  })
  return portOf(server)
}

/** How many connections the server has open, upgraded ones too. */
export function countOpen(server: Server): Promise<number> {
  return new Promise((resolve, reject) =>
    server.getConnections((error, count) => (error ? reject(error) : resolve(count))),
  )
}
