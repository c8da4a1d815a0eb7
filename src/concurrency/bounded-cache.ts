/**
 * Options of an LRUCache that keeps at most `count` entries and grows with them. Its own `max` allocates and fills the
 * tables of all entries at once: 2 MB and 20 ms for 50,000.
 */
export const atMost = (count: number) => ({ maxSize: count, sizeCalculation: () => 1 })
