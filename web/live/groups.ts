/** Reads a group's name, which only the service makes: `theatre:{id}:orders`, `theatre:{id}:chat`. */
export function theatreOfGroup(group: string): number | null {
  const found = /^theatre:([1-9]\d*):(?:orders|chat)$/.exec(group)
  return found ? Number(found[1]) : null
}
