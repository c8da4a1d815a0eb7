import fp from 'fastify-plugin'

/**
 * JSON bodies, where an empty one counts as none: clients send `content-type: application/json` with a POST that has
 * nothing to say. Where a body is needed its schema refuses that.
 */
export const jsonBodyPlugin = fp(
  async (app) => {
    const parse = app.getDefaultJsonParser('error', 'error')
    app.addContentTypeParser('application/json', { parseAs: 'string' }, (request, body, done) => {
      if (body.length === 0) return done(null, undefined)
      // the parser answers through `done`
      parse(request, body.toString(), done)
    })
  },
  { name: 'json-body', fastify: '5.x' },
)
