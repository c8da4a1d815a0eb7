import fp from 'fastify-plugin'
import type { EdgeConfig } from '../src/config/edge-config.js'

declare module 'fastify' {
  interface FastifyInstance {
    /** the part of the configuration that the service and the gate have in common */
    edge: EdgeConfig
  }
}

export const edgePlugin = fp<{ config: EdgeConfig }>(
  async (app, { config }) => {
    app.decorate('edge', config)
  },
  { name: 'edge', fastify: '5.x' },
)
