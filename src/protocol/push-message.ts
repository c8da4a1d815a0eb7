/** What a notification is about. Its texts are the service worker's: a message holds no name, no phone, no chat text. */
export const PUSH_KINDS = ['new-order', 'on-its-way', 'not-yet', 'cancelled', 'refunded', 'answer'] as const
export type PushKind = (typeof PUSH_KINDS)[number]

/** The payload of a push message, as JSON. */
export interface PushPayload {
  kind: PushKind
  order: number
  /** in which the subscriber reads: `en`, `hi` */
  language: string
}

/** The page that a notification opens. */
export const pageOf = ({ kind, order }: Pick<PushPayload, 'kind' | 'order'>): string =>
  kind === 'new-order' ? '/theatre/live-orders/' : `/orders/${order}`

/** Notifications of one tag replace each other, and so do undelivered messages of one topic. */
export function tagOf({ kind, order }: Pick<PushPayload, 'kind' | 'order'>): string {
  if (kind === 'new-order') return `new-${order}`
  return kind === 'answer' ? `chat-${order}` : `order-${order}`
}
