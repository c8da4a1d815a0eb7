import { type LookupAddress, lookup } from 'node:dns'
import { isIP, type LookupFunction } from 'node:net'
import ipaddr from 'ipaddr.js'

/** Resolves a name to all its addresses. */
export type Resolve = (
  name: string,
  callback: (error: NodeJS.ErrnoException | null, addresses: LookupAddress[]) => void,
) => void

const resolveBySystem: Resolve = (name, callback) => lookup(name, { all: true }, callback)
/** 2000::/3, the part of IPv6 that is assigned to the internet */
const GLOBAL = ipaddr.parseCIDR('2000::/3')

/**
 * Is it an address of the public internet? Not so private, loopback, link-local, shared, reserved and multicast ones, nor
 * those that carry an IPv4 address inside (mapped, 6to4, Teredo, NAT64), which lead to whatever that is.
 */
export function isPublicAddress(text: string): boolean {
  if (isIP(text) === 0) return false
  const address = ipaddr.parse(text)
  if (address.range() !== 'unicast') return false
  return address instanceof ipaddr.IPv4 || address.match(GLOBAL)
}

export function isLoopbackAddress(text: string): boolean {
  return isIP(text) !== 0 && ipaddr.parse(text).range() === 'loopback'
}

/**
 * The look-up of a connection that may reach only addresses that pass: it is the connection's own, so that a name can't
 * resolve to another address once it was checked. One address that does not pass refuses the name.
 */
export function lookupOnly(
  isAllowed: (address: string) => boolean,
  resolve: Resolve = resolveBySystem,
): LookupFunction {
  return (name, options, callback) =>
    resolve(name, (error, addresses) => {
      if (error) return callback(error, '', 0)
      const [first] = addresses
      if (!first || !addresses.every(({ address }) => isAllowed(address))) {
        return callback(new Error('the name leads to an address that is not allowed'), '', 0)
      }
      if (options.all) return callback(null, addresses)
      callback(null, first.address, first.family)
    })
}
