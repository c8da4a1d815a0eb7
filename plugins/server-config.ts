import fp from 'fastify-plugin'
import type { ServerConfig } from '../src/config/server-config.js'

declare module 'fastify' {
  interface FastifyInstance {
    /** the part of the configuration that the service and the gate have in common */
    serverConfig: ServerConfig
  }
}

export const serverConfigPlugin = fp<{ config: ServerConfig }>(
  async (app, { config }) => {
    app.decorate('serverConfig', config)
  },
  { name: 'server-config', fastify: '5.x' },
)
