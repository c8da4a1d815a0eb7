/** Path segments that are no id, and one that is nobody's. */
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
