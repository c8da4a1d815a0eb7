import type { SettingsView, StaffMemberView, TakingsView } from '../../src/protocol/manager-views.js'
import type { ItemPlace } from '../../src/protocol/menu-order.js'
import type { HallView, ManagedItemView, OrderStatus, OrderView } from '../../src/protocol/views.js'
import { fetchJson, fetchMember, REPEATABLE, send } from './api.js'

/** What managers decide about an item; the price is in paise. */
export type MenuItemFields = Pick<
  ManagedItemView,
  'name' | 'description' | 'category' | 'price' | 'diet' | 'options' | 'position'
>

export type SettingsChange = Partial<Omit<SettingsView, 'id'>>

export interface NewSeats {
  seats?: string[]
  rows?: { name: string; from?: number; seats: number }[]
}

export interface Search {
  q: string
  from: string
  to: string
  status: OrderStatus | ''
}

export interface HistoryPage {
  orders: OrderView[]
  /** `after` of the next page; null: there is none */
  next: number | null
}

const theatre = (id: number, rest: string): string => `/api/theatres/${id}/${rest}`

/** `?name=value` of those that have one. */
function query(values: Record<string, string | number | null>): string {
  const given = Object.entries(values).filter(([, value]) => value !== '' && value !== null)
  const text = new URLSearchParams(given.map(([name, value]) => [name, String(value)])).toString()
  return text && `?${text}`
}

/** Where the CSV file of a day is; '': today. */
export const takingsCsvPath = (id: number, day: string): string => theatre(id, `takings.csv${query({ day })}`)

/** The calls of managers' pages, apart from `api`, so that customers' pages don't load them. */
export const managerApi = {
  takings: (id: number, day: string): Promise<TakingsView> =>
    fetchMember('takings', 'GET', theatre(id, `takings${query({ day })}`)),
  history: (id: number, search: Search, after: number | null): Promise<HistoryPage> =>
    fetchJson('orders', 'GET', theatre(id, `history${query({ ...search, after })}`)),

  settings: (id: number): Promise<SettingsView> => fetchMember('settings', 'GET', theatre(id, 'settings')),
  changeSettings: (id: number, body: SettingsChange): Promise<SettingsView> =>
    fetchMember('settings', 'PATCH', theatre(id, 'settings'), { body, ...REPEATABLE }),
  addTheatre: (name: string, timeZone: string): Promise<SettingsView> =>
    fetchMember('theatre', 'POST', '/api/theatres', { body: { name, timeZone } }),

  menu: (id: number): Promise<ManagedItemView[]> => fetchMember('menu', 'GET', theatre(id, 'menu')),
  addItem: (id: number, body: Omit<MenuItemFields, 'position'>): Promise<ManagedItemView> =>
    fetchMember('menuItem', 'POST', theatre(id, 'menu-items'), { body }),
  changeItem: (itemId: number, body: Partial<MenuItemFields>): Promise<ManagedItemView> =>
    fetchMember('menuItem', 'PATCH', `/api/menu-items/${itemId}`, { body, ...REPEATABLE }),
  /** One change each; the answer is the whole menu. Repeated, a move is no other move. */
  moveItem: (itemId: number, body: ItemPlace): Promise<ManagedItemView[]> =>
    fetchMember('menu', 'POST', `/api/menu-items/${itemId}/move`, { body, ...REPEATABLE }),
  moveCategory: (id: number, category: string, before: string | null): Promise<ManagedItemView[]> =>
    fetchMember('menu', 'PATCH', theatre(id, 'menu-categories'), {
      body: { category, before },
      ...REPEATABLE,
    }),
  renameCategory: (id: number, category: string, name: string): Promise<ManagedItemView[]> =>
    fetchMember('menu', 'PATCH', theatre(id, 'menu-categories'), { body: { category, name } }),
  setPicture: (itemId: number, file: Blob): Promise<ManagedItemView> =>
    fetchMember('menuItem', 'PUT', `/api/menu-items/${itemId}/picture`, { file, ...REPEATABLE }),
  removePicture: (itemId: number): Promise<ManagedItemView> =>
    fetchMember('menuItem', 'DELETE', `/api/menu-items/${itemId}/picture`, REPEATABLE),
  removeItem: (itemId: number) => send('DELETE', `/api/menu-items/${itemId}`),

  halls: (id: number): Promise<HallView[]> => fetchMember('halls', 'GET', theatre(id, 'halls')),
  addHall: (id: number, body: NewSeats & { name: string }): Promise<HallView> =>
    fetchMember('hall', 'POST', theatre(id, 'halls'), { body }),
  changeHall: (
    hallId: number,
    body: NewSeats & { name?: string; removeSeats?: number[] },
  ): Promise<HallView> => fetchMember('hall', 'PATCH', `/api/halls/${hallId}`, { body }),
  removeHall: (hallId: number) => send('DELETE', `/api/halls/${hallId}`),
  renewSeat: (seatId: number): Promise<HallView['seats'][number]> =>
    fetchMember('seat', 'POST', `/api/seats/${seatId}/renew`),

  staff: (id: number): Promise<StaffMemberView[]> => fetchMember('staff', 'GET', theatre(id, 'staff')),
  addStaff: (
    id: number,
    body: { username: string; password?: string; manager: boolean },
  ): Promise<StaffMemberView> => fetchMember('user', 'POST', theatre(id, 'staff'), { body }),
  changeStaff: (
    id: number,
    userId: number,
    body: { member?: boolean; manager?: boolean; isActive?: boolean; password?: string },
  ): Promise<StaffMemberView> => fetchMember('user', 'PATCH', theatre(id, `staff/${userId}`), { body }),
}
