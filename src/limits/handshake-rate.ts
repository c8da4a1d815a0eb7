import { createLocalCounter, type HitCounter } from './hit-counter.js'

/** s; a window begins with its first handshake */
const WINDOW_SECONDS = 10
/** handshakes of one session in a window */
export const SESSION_LIMIT = 30
/** … of a guest's session while its address, or this node, is crowded: a page that comes back needs one or two */
export const CROWDED_LIMIT = 5
/** handshakes of guests in a window above which an address is crowded; it may be the Wi-Fi of a whole theatre */
const ADDRESS_CROWD = 1000
/** … above which this node is crowded */
const NODE_CROWD = 3000

export interface NewHandshake {
  /** names the session */
  client: string
  /** the address of a guest; null for staff and admins, whom no crowd of guests slows */
  guestAddress: string | null
}

/**
 * Limits each session's handshakes, accepted or refused, over all nodes. Nobody is refused for what others at the same address
 * do: in a crowd each guest may only come back less often, so that some hundred sessions can't take a node's CPU.
 */
export class HandshakeRate {
  /** @param crowds counts on this node alone, whose CPU it protects */
  constructor(
    private readonly counter: HitCounter,
    private readonly crowds: HitCounter = createLocalCounter(),
  ) {}

  /** Counts a handshake. Returns 0, or the ms to the end of the window if it is one too many. */
  async add({ client, guestAddress }: NewHandshake): Promise<number> {
    const isCrowded = guestAddress !== null && (await this.isCrowded(guestAddress))
    const limit = isCrowded ? CROWDED_LIMIT : SESSION_LIMIT
    const { allowed, remainingMs } = await this.counter.hit(client, WINDOW_SECONDS, limit)
    return allowed ? 0 : Math.max(1, remainingMs)
  }

  private async isCrowded(address: string): Promise<boolean> {
    const byAddress = await this.crowds.hit(`address ${address}`, WINDOW_SECONDS, ADDRESS_CROWD)
    const byNode = await this.crowds.hit('node', WINDOW_SECONDS, NODE_CROWD)
    return !byAddress.allowed || !byNode.allowed
  }
}
