// The shapes of the API and the sockets, as the pages name them: types only.
export type {
  ChatView,
  CheckoutView,
  HallView,
  MenuItemView,
  MessageView,
  OrderView,
  PaymentIssueView,
  PaymentView,
  SeatMenuView,
  SessionView,
  SignedInView,
  TheatreSeatsView,
  UserView,
} from '../../src/protocol/views.js'
