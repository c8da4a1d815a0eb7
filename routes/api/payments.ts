import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { FastifyRequest } from 'fastify'
import { Type } from 'typebox'
import { DomainError } from '../../src/errors.js'
import { viewOrder } from '../../src/orders/order-view.js'
import { payInCash, startPayment } from '../../src/payments/payment-actions.js'
import { listIssues, resolveIssue } from '../../src/payments/payment-issues.js'
import { viewIssue, viewPayment } from '../../src/payments/payment-view.js'
import { refundOrder } from '../../src/payments/refund-actions.js'
import { PaymentIssueView, PaymentView } from '../../src/protocol/views.js'
import { KeyHeader, OrderAnswer } from './answers.js'
import { IdParams, pathId } from './params.js'

const PaymentAnswer = Type.Object({ payment: PaymentView })
const Refund = Type.Object(
  { amount: Type.Optional(Type.Integer({ minimum: 1, description: 'paise; all that is left if missing' })) },
  { additionalProperties: false },
)
/** A request without a body asks for all that is left. */
const withoutBody = async (request: FastifyRequest) => {
  request.body ??= {}
}

const Resolution = Type.Object({ note: Type.String({ minLength: 1 }) }, { additionalProperties: false })

/** Payments of an order, for its owner; refunds and payment issues, for managers. */
export const paymentsRoutes: FastifyPluginAsyncTypebox = async (app) => {
  app.post(
    '/api/orders/:id/payment',
    { preValidation: app.requireUser, schema: { params: IdParams, response: { 200: PaymentAnswer } } },
    async (request) => {
      const id = pathId(request.params, 'order')
      const { principal } = app.callerOf(request)
      const payment = await startPayment(
        app.actionContextOf(request),
        app.payments,
        principal,
        id,
        app.refunds,
      )
      return { payment: viewPayment(payment, app.payments) }
    },
  )

  app.post(
    '/api/orders/:id/pay-in-cash',
    { preValidation: app.requireUser, schema: { params: IdParams, response: { 200: OrderAnswer } } },
    async (request) => {
      const id = pathId(request.params, 'order')
      const { principal } = app.callerOf(request)
      return { order: viewOrder(await payInCash(app.actionContextOf(request), principal, id)) }
    },
  )

  app.post(
    '/api/orders/:id/refund',
    {
      preValidation: [app.requireStaff, withoutBody],
      schema: { params: IdParams, headers: KeyHeader, body: Refund, response: { 200: OrderAnswer } },
    },
    async (request) => {
      const orderId = pathId(request.params, 'order')
      const key = request.headers['idempotency-key']
      if (key === undefined) {
        throw new DomainError(400, 'idempotency_key_required', 'Send an Idempotency-Key header.')
      }
      const { principal } = app.callerOf(request)
      const given = { orderId, amount: request.body.amount ?? null, key }
      return {
        order: viewOrder(await refundOrder(app.actionContextOf(request), app.refunds, principal, given)),
      }
    },
  )

  app.get(
    '/api/payment-issues',
    {
      preValidation: app.requireStaff,
      schema: { response: { 200: Type.Object({ issues: Type.Array(PaymentIssueView) }) } },
    },
    async (request) => {
      const issues = await listIssues(app.db, app.callerOf(request).principal)
      return { issues: issues.map(viewIssue) }
    },
  )

  app.post(
    '/api/payment-issues/:id/resolve',
    {
      preValidation: app.requireStaff,
      schema: {
        params: IdParams,
        body: Resolution,
        response: { 200: Type.Object({ issue: PaymentIssueView }) },
      },
    },
    async (request) => {
      const id = pathId(request.params, 'payment issue')
      const { principal } = app.callerOf(request)
      return {
        issue: viewIssue(await resolveIssue(app.actionContextOf(request), principal, id, request.body.note)),
      }
    },
  )
}
