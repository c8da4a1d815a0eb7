import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import { DomainError } from '../../src/errors.js'
import { subscribe, unsubscribe } from '../../src/push/push-actions.js'
import { checkAddress, MAX_ENDPOINT } from '../../src/push/push-endpoint.js'

const KEY = Type.String({ maxLength: 100, pattern: '^[\\w-]+={0,2}$' })
const Id = Type.Integer({ minimum: 1, maximum: 2_147_483_647 })
const Endpoint = Type.String({ maxLength: MAX_ENDPOINT })
const Keys = Type.Object({ p256dh: KEY, auth: KEY }, { additionalProperties: false })
/** what `PushSubscription.toJSON()` has besides; not used */
const Expiration = Type.Optional(Type.Union([Type.Number(), Type.Null()]))

const Subscription = Type.Object(
  {
    endpoint: Endpoint,
    keys: Keys,
    expirationTime: Expiration,
    order: Type.Optional(
      Type.Integer({ ...Id, description: 'one of the caller’s orders; missing: all of them' }),
    ),
    theatre: Type.Optional(
      Type.Integer({ ...Id, description: 'for staff: new orders of this theatre; missing: of all theirs' }),
    ),
    hall: Type.Optional(Type.String({ minLength: 1, maxLength: 100, description: 'missing: all halls' })),
    language: Type.Optional(Type.String({ pattern: '^[a-z]{2,3}$', description: 'of the texts' })),
  },
  { additionalProperties: false },
)

const Ended = Type.Object(
  {
    endpoint: Endpoint,
    keys: Type.Optional(Keys),
    expirationTime: Expiration,
    order: Type.Optional(Type.Integer({ ...Id, description: 'missing: all that it is for' })),
  },
  { additionalProperties: false },
)

const Key = Type.Object({
  key: Type.Union([Type.String(), Type.Null()], {
    description: 'the service’s public key (applicationServerKey) in base64url; null: notifications are off',
  }),
})

/** Web Push: where a session's browser takes notifications. */
export const pushRoutes: FastifyPluginAsyncTypebox = async (app) => {
  const { keys, hosts } = app.config.push

  app.get('/api/push', { preValidation: app.requireUser, schema: { response: { 200: Key } } }, async () => ({
    key: keys?.publicKey ?? null,
  }))

  app.post(
    '/api/push',
    { preValidation: app.requireUser, schema: { body: Subscription, response: { 204: Type.Null() } } },
    async (request, reply) => {
      if (!keys) throw new DomainError(409, 'push_off', 'Notifications are not set up on this service.')
      const { order, theatre, hall, language, ...address } = request.body
      await subscribe(app.actionContextOf(request), app.callerOf(request), checkAddress(address, hosts), {
        orderId: order ?? null,
        theatreId: theatre ?? null,
        hall: hall ?? null,
        language: language ?? firstLanguage(request.headers['accept-language']),
      })
      return reply.code(204).send(null)
    },
  )

  app.delete(
    '/api/push',
    { preValidation: app.requireUser, schema: { body: Ended, response: { 204: Type.Null() } } },
    async (request, reply) => {
      const { endpoint, order } = request.body
      await unsubscribe(app.actionContextOf(request), app.callerOf(request), endpoint, order ?? null)
      return reply.code(204).send(null)
    },
  )
}

/** The first language that a browser asks for. */
const firstLanguage = (header = ''): string =>
  /^[a-z]{2,3}(?=[-,;]|$)/.exec(header.toLowerCase())?.[0] ?? 'en'
