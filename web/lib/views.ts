// The shapes of the API and the sockets as the pages name them: types only, declared by the protocol.
export type { ChatView, MessageView, OrderView, UserView } from '../../src/protocol/messages.js'
export type {
  CheckoutView,
  HallView,
  MenuItemView,
  PaymentView,
  SeatMenuView,
  SessionView,
  SignedInView,
  TheatreSeatsView,
} from '../../src/protocol/views.js'
