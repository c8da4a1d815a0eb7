/** Path segments that are not ids, and an id that does not exist. */
export const NO_IDS = [
  '0',
  '-1',
  '01',
  '+1',
  '1.0',
  '1e0',
  '0x1',
  '%31%20',
  '1%00',
  'x',
  '__proto__',
  '2147483648',
  '99999999999',
  '2147483647',
]
