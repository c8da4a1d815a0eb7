import fp from 'fastify-plugin'
import { unavailable } from '../src/errors.js'
import { PictureEncoder } from '../src/theatres/picture-encoder.js'

declare module 'fastify' {
  interface FastifyInstance {
    pictures: PictureEncoder
    /** onRequest hook: bounds the uploads in progress on this node, before their bodies are read */
    boundUploads(request: FastifyRequest, reply: FastifyReply): Promise<void>
  }
}

/** uploads in progress, each with a body of up to 5 MB in memory */
const MAX_UPLOADS = 12

/** Encodes the pictures that managers upload. */
export const picturesPlugin = fp(
  async (app) => {
    let uploads = 0
    app.decorate('pictures', new PictureEncoder())
    app.decorate('boundUploads', async (_request, { raw }) => {
      if (uploads >= MAX_UPLOADS) throw unavailable()
      uploads += 1
      raw.once('close', () => void uploads--)
    })
    app.metrics.gauge('uploads', 'Pictures that are being uploaded to this node', () => uploads)
  },
  { name: 'pictures', fastify: '5.x', dependencies: ['metrics'] },
)
