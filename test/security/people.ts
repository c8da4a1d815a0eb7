import { postOrder } from '../helpers/customers.js'
import { createClient, type HttpClient } from '../helpers/http-client.js'
import type { TestService } from '../helpers/service.js'
import { signIn } from '../helpers/sign-in.js'

/** Users of the demo theatres, each with a session of their own. */
export interface People {
  staff: HttpClient
  otherStaff: HttpClient
  admin: HttpClient
  guest: HttpClient
  otherGuest: HttpClient
  /** the order of `guest`, at theatre 1 */
  orderId: number
}

export async function gather({ url }: Pick<TestService, 'url'>): Promise<People> {
  const [staff, otherStaff, admin] = await Promise.all(
    ['staff', 'staff2', 'admin'].map((name) => signIn(url, name)),
  )
  if (!staff || !otherStaff || !admin) throw new Error('a user could not sign in')
  const guest = createClient(url)
  const otherGuest = createClient(url)
  const { id: orderId } = await postOrder(guest)
  await postOrder(otherGuest, { seat: 'demo2-a1' })
  return { staff, otherStaff, admin, guest, otherGuest, orderId }
}
