/** Each page's path, and the name of its shell. */
export const PAGES: Readonly<Record<string, string>> = {
  '/login': 'login',
  '/theatre/live-orders/': 'live-orders',
  '/theatre/chat/': 'chat',
  '/theatre/seats/': 'seats',
  '/theatre/today/': 'today',
  '/theatre/manage/': 'manage',
  '/s/:seatToken': 'seat',
  '/orders/:id': 'order',
  '/orders/:id/receipt': 'receipt',
  '/checkout/:paymentId': 'checkout',
  '/account': 'account',
}

const segmentsOf = (path: string): string[] => path.replace(/\/$/, '').split('/')

/** The name of the shell at this path of a URL; null if there is no page. */
export function pageAt(pathname: string): string | null {
  const segments = segmentsOf(pathname)
  const isAt = (path: string): boolean => {
    const pattern = segmentsOf(path)
    const fits = (part: string, index: number): boolean =>
      part.startsWith(':') ? Boolean(segments[index]) : part === segments[index]
    return pattern.length === segments.length && pattern.every(fits)
  }
  return Object.entries(PAGES).find(([path]) => isAt(path))?.[1] ?? null
}
