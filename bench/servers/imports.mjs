// @ts-check
// What only importing the parts costs that no start of this service can do without.
await Promise.all(['fastify', 'ws', 'pino', 'ioredis', '@prisma/adapter-pg'].map((name) => import(name)))
process.send?.({ port: 0 })
process.on('disconnect', () => process.exit(0))
setInterval(() => {}, 1000)
