/**
 * The shapes on the wire, each declared once: routes answer with these schemas, OpenAPI and AsyncAPI refer to them, and
 * the type of the same name is theirs. Pages import the types only, for the schemas would bring TypeBox into the browser.
 * Money is in paise, times are RFC 3339 UTC.
 */
import { type Static, Type } from 'typebox'

const Time = Type.String({ format: 'date-time' })
const TimeOrNull = Type.Union([Time, Type.Null()])
const Paise = Type.Integer({ minimum: 0, description: 'paise' })
const TimeZone = Type.String({ description: 'the theatre’s IANA time zone: pages show its times in it' })
/** Missing in events that an earlier release has stored. */
const TimeZoneSince = Type.Optional(TimeZone)
const IdAndName = Type.Object({ id: Type.Integer(), name: Type.String() })

// Accounts

export type Role = Static<typeof Role>
export const Role = Type.Enum(['customer', 'staff', 'admin'])

export type UserView = Static<typeof UserView>
export const UserView = Type.Object({
  id: Type.Integer(),
  username: Type.String(),
  role: Role,
  theatres: Type.Array(Type.Object({ ...IdAndName.properties, manager: Type.Boolean() })),
})

/** A user as admins see it. */
export type AccountView = Static<typeof AccountView>
export const AccountView = Type.Object({
  ...UserView.properties,
  isActive: Type.Boolean(),
  createdAt: Time,
})

export type SignedInView = Static<typeof SignedInView>
export const SignedInView = Type.Object({
  user: UserView,
  expiresAt: Type.String({ format: 'date-time', description: 'when the session ends if it is not used' }),
})

/** One of the user's own sessions. */
export type SessionView = Static<typeof SessionView>
export const SessionView = Type.Object({
  id: Type.String({ description: 'public: it grants nothing' }),
  current: Type.Boolean(),
  createdAt: Time,
  lastSeenAt: Time,
  userAgent: Type.String(),
  ip: Type.String(),
})

// Seats and the menu

export type SeatView = Static<typeof SeatView>
export const SeatView = Type.Object({ id: Type.Integer(), name: Type.String(), hall: Type.String() })

export type Diet = Static<typeof Diet>
export const Diet = Type.Enum(['vegetarian', 'non_vegetarian', 'egg'])

/** What a customer chooses with an item, such as a size: `min` to `max` of its choices. */
export type MenuOptionView = Static<typeof MenuOptionView>
export const MenuOptionView = Type.Object({
  name: Type.String(),
  min: Type.Integer({ minimum: 0 }),
  max: Type.Integer({ minimum: 1 }),
  choices: Type.Array(
    Type.Object({
      name: Type.String(),
      price: Type.Integer({ minimum: 0, description: 'paise on top of the item’s price' }),
    }),
  ),
})

export type MenuItemView = Static<typeof MenuItemView>
export const MenuItemView = Type.Object({
  id: Type.Integer(),
  name: Type.String(),
  description: Type.String(),
  category: Type.String({ description: 'its heading on the menu; empty: none' }),
  price: Paise,
  diet: Type.Union([Diet, Type.Null()], { description: 'null: not known' }),
  available: Type.Boolean(),
  picture: Type.Union([Type.String(), Type.Null()], { description: 'path of a picture' }),
  options: Type.Array(MenuOptionView),
})

/** A menu item as the theatre's people see it. */
export type ManagedItemView = Static<typeof ManagedItemView>
export const ManagedItemView = Type.Object({
  ...MenuItemView.properties,
  pictureSize: Type.Union([Type.Object({ width: Type.Integer(), height: Type.Integer() }), Type.Null()], {
    description: 'pixels',
  }),
  position: Type.Integer(),
  soldOutUntil: Type.Union([Time, Type.Null()], {
    description: 'when a sold-out item is available again by itself; null: not by itself',
  }),
})

/** A sold-out item, for the theatre's staff. */
export type SoldOutView = Static<typeof SoldOutView>
export const SoldOutView = Type.Object({
  menuItemId: Type.Integer(),
  until: ManagedItemView.properties.soldOutUntil,
})

/** How a theatre takes orders just now. */
export type OrderingView = Static<typeof OrderingView>
export const OrderingView = Type.Object({
  ...IdAndName.properties,
  timeZone: TimeZone,
  accepting: Type.Boolean({ description: 'false while ordering is paused' }),
  reopensAt: Type.Union([Time, Type.Null()], {
    description: 'when it accepts orders again by itself; null while it does, and where that is not known',
  }),
  minutes: Type.Integer({
    description: 'how long an order takes just now: the median of the last hour’s, else the time allowed',
  }),
})

/** `data` of each `menu` event of a seat's changes. */
export type MenuStateView = Static<typeof MenuStateView>
export const MenuStateView = Type.Object({ theatre: OrderingView, menu: Type.Array(MenuItemView) })

/** What the page behind a seat's QR code needs. */
export type SeatMenuView = Static<typeof SeatMenuView>
export const SeatMenuView = Type.Object({ seat: SeatView, ...MenuStateView.properties })

export type HallView = Static<typeof HallView>
export const HallView = Type.Object({
  id: Type.Integer(),
  name: Type.String(),
  seats: Type.Array(Type.Object({ id: Type.Integer(), name: Type.String(), token: Type.String() })),
})

export type TheatreSeatsView = Static<typeof TheatreSeatsView>
export const TheatreSeatsView = Type.Object({
  theatre: Type.Object({
    ...IdAndName.properties,
    timeZone: TimeZone,
    maxTime: Type.Integer({ description: 'minutes' }),
    minTime: Type.Integer({ description: 'minutes' }),
  }),
  halls: Type.Array(HallView),
  publicUrl: Type.Union([Type.String(), Type.Null()], {
    description: 'the origin that the QR codes name (PUBLIC_URL); null: not known',
  }),
})

// Orders and payments

export type OrderStatus = Static<typeof OrderStatus>
export const OrderStatus = Type.Enum(['placed', 'confirmed', 'seen', 'delivered', 'cancelled'])

export type PaymentStatus = Static<typeof PaymentStatus>
export const PaymentStatus = Type.Enum(['pending', 'paid', 'failed', 'partially_refunded', 'refunded'])

export type PaymentMethod = Static<typeof PaymentMethod>
export const PaymentMethod = Type.Enum(['online', 'cash'])

/** What was chosen with an item. */
export type OrderedOptionView = Static<typeof OrderedOptionView>
export const OrderedOptionView = Type.Object({
  group: Type.String(),
  choice: Type.String(),
  price: Type.Integer({ minimum: 0, description: 'paise, as ordered' }),
})

export type OrderView = Static<typeof OrderView>
export const OrderView = Type.Object({
  id: Type.Integer(),
  theatreId: Type.Integer(),
  theatreName: Type.String(),
  timeZone: TimeZoneSince,
  seat: SeatView,
  status: OrderStatus,
  paymentStatus: PaymentStatus,
  paymentMethod: PaymentMethod,
  items: Type.Array(
    Type.Object({
      menuItemId: Type.Integer(),
      name: Type.String(),
      options: Type.Array(OrderedOptionView),
      quantity: Type.Integer(),
      unitPrice: Type.Integer({ minimum: 0, description: 'paise as ordered, with its options' }),
    }),
  ),
  note: Type.Union([Type.String(), Type.Null()], {
    description: 'what the customer has written for the kitchen, at most 200 characters of plain text',
  }),
  total: Paise,
  refundedAmount: Type.Integer({ minimum: 0, description: 'paise given back of the payment that paid' }),
  dueBack: Type.Integer({
    minimum: 0,
    description:
      'paise of the customer’s that have not gone back yet: late and second payments, and what a cancelled order was paid',
  }),
  createdAt: Time,
  confirmedAt: TimeOrNull,
  seenAt: TimeOrNull,
  deliveredAt: TimeOrNull,
  cancelledAt: TimeOrNull,
  version: Type.Integer({
    description:
      'rises with each change: an order can be restored, so its status does not tell which is later',
  }),
})

export type PaymentView = Static<typeof PaymentView>
export const PaymentView = Type.Object({
  id: Type.String(),
  provider: Type.String(),
  status: PaymentStatus,
  amount: Paise,
  checkoutUrl: Type.String(),
})

export type CheckoutView = Static<typeof CheckoutView>
export const CheckoutView = Type.Object({
  payment: Type.Object({
    id: Type.String(),
    status: PaymentStatus,
    amount: Paise,
    orderId: Type.Integer(),
    provider: Type.String(),
  }),
  payable: Type.Boolean({
    description: 'false: paid, cancelled, or to be paid in cash; the page offers no payment',
  }),
  theatreName: Type.String(),
  publicKey: Type.Union([Type.String(), Type.Null()], {
    description: 'identifies the merchant to the provider’s checkout; null if the provider needs no key',
  }),
})

/** What a manager must look at: money without a home, or a refund that failed. */
export type PaymentIssueView = Static<typeof PaymentIssueView>
export const PaymentIssueView = Type.Object({
  id: Type.Integer(),
  kind: Type.Enum([
    'unknown_payment',
    'amount_mismatch',
    'late_capture',
    'second_capture',
    'refund_due',
    'refund_failed',
  ]),
  orderId: Type.Union([Type.Integer(), Type.Null()]),
  paymentId: Type.Union([Type.String(), Type.Null()], {
    description: 'the provider’s order id; null for cash, and for a charge without an order',
  }),
  chargeId: Type.String({ description: 'the provider’s id of the charge' }),
  amount: Type.Integer({
    minimum: 0,
    description: 'paise that are not settled yet; of a resolved issue, as they were then',
  }),
  at: Time,
  note: Type.Union([Type.String(), Type.Null()]),
  resolvedAt: TimeOrNull,
})

// Chat

export type MessageView = Static<typeof MessageView>
export const MessageView = Type.Object({
  id: Type.Integer(),
  from: Type.Enum(['customer', 'staff']),
  text: Type.String(),
  at: Time,
  clientId: Type.String(),
})

/** A conversation. `order` holds only what never changes, since this group gets no events of the order. */
export type ChatView = Static<typeof ChatView>
export const ChatView = Type.Object({
  id: Type.Integer({ description: 'the order’s id' }),
  order: Type.Object({ id: Type.Integer(), seat: SeatView }),
  theatreId: Type.Integer(),
  timeZone: TimeZoneSince,
  unread: Type.Integer({ description: 'messages of the customer that no staff member has read' }),
  lastMessage: Type.Union([MessageView, Type.Null()]),
})

// What sockets carry

/** `data` of `chat.message`. Staff also get the whole conversation, so that applying the event needs no request. */
export type ChatMessageData = Static<typeof ChatMessageData>
export const ChatMessageData = Type.Object({
  chat: Type.Integer({ description: 'the order’s id' }),
  message: MessageView,
  conversation: Type.Optional(ChatView),
})

/** `data` of `chat.read`, sent to staff only. */
export type ChatReadData = Static<typeof ChatReadData>
export const ChatReadData = Type.Object({
  chat: Type.Integer({ description: 'the order’s id' }),
  conversation: ChatView,
})

/** `data` of each event. */
export const EVENT_DATA = {
  'order.placed': OrderView,
  'order.confirmed': OrderView,
  'order.seen': OrderView,
  'order.delivered': OrderView,
  'order.cancelled': OrderView,
  'order.restored': OrderView,
  'payment.pending': OrderView,
  'payment.paid': OrderView,
  'payment.failed': OrderView,
  'payment.refunded': OrderView,
  'chat.message': ChatMessageData,
  'chat.read': ChatReadData,
}
export type EventName = keyof typeof EVENT_DATA
export type EventData<N extends EventName> = Static<(typeof EVENT_DATA)[N]>

/** The state of `theatre:{id}:orders`: its live orders, oldest first. */
export type OrdersSnapshot = Static<typeof OrdersSnapshot>
export const OrdersSnapshot = Type.Object({ orders: Type.Array(OrderView) })

/** The state of `theatre:{id}:chat`: its recent conversations, the latest first. */
export type ChatsSnapshot = Static<typeof ChatsSnapshot>
export const ChatsSnapshot = Type.Object({ chats: Type.Array(ChatView) })

/** The state of `order:{id}`: the order and its latest messages, oldest first. */
export type OrderSnapshot = Static<typeof OrderSnapshot>
export const OrderSnapshot = Type.Object({ order: OrderView, messages: Type.Array(MessageView) })
