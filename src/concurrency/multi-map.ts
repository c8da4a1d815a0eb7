/** A map from a key to several values. A single value is stored without a set: most keys have one. */
export class MultiMap<K, V extends object> {
  private readonly map = new Map<K, V | Set<V>>()

  add(key: K, value: V): void {
    const found = this.map.get(key)
    if (found === undefined) this.map.set(key, value)
    else if (found instanceof Set) found.add(value)
    else this.map.set(key, new Set([found, value]))
  }

  remove(key: K, value: V): void {
    const found = this.map.get(key)
    if (found === value) this.map.delete(key)
    else if (found instanceof Set) {
      found.delete(value)
      if (found.size === 0) this.map.delete(key)
    }
  }

  /** A copy: callers may remove values while iterating. */
  get(key: K): V[] {
    const found = this.map.get(key)
    if (found === undefined) return []
    return found instanceof Set ? [...found] : [found]
  }
}
